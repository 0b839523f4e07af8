/** What a registry says of an image, taken apart. Somebody made it: everything is checked and bounded. */
import { z } from 'zod'
import { GuestError } from '../../../engine.ts'

export type ImageLimits = {
  /** Of all layers, as they are sent. */
  readonly compressedBytes: number
  readonly unpackedBytes: number
  readonly entries: number
}

/** Disks have at most 16 GB, of which a file system takes its share. */
export const LIMITS: ImageLimits = {
  compressedBytes: 8e9,
  unpackedBytes: 14e9,
  entries: 1_000_000,
}

const MAX_LAYERS = 127
const MAX_ENV_BYTES = 32 * 1024

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const blob = z.object({ mediaType: z.string(), digest, size: z.int().min(0) })
const Index = z.object({
  manifests: z
    .array(
      z.object({
        digest,
        platform: z.object({ architecture: z.string(), os: z.string() }).optional(),
      }),
    )
    .max(1000),
})
const Manifest = z.object({ config: blob, layers: z.array(blob) })
const Config = z.object({
  architecture: z.string(),
  os: z.string(),
  config: z.object({ Env: z.array(z.string()).nullish() }).nullish(),
})

const ARCHITECTURE = 'amd64'

const failed = (message: string, cause?: unknown) => new GuestError('failed', message, { cause })

function parsed<T>(schema: z.ZodType<T>, text: string, image: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw failed(`What the registry says of ${image} is not the description of an image`, cause)
  }
}

/** Where the image for this host is, of a reference to several; `null`: the text is of one image. */
export function instanceIn(text: string, image: string): string | null {
  const { manifests } = parsed(z.object({ manifests: z.unknown().optional() }), text, image)
  if (manifests === undefined) return null
  const all = parsed(Index, text, image).manifests
  const fits = all.find(
    ({ platform }) => platform?.architecture === ARCHITECTURE && platform.os === 'linux',
  )
  if (fits !== undefined) return fits.digest
  const known = all.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown'
      ? []
      : [`${platform.os}/${platform.architecture}`],
  )
  throw wrongPlatform(image, known.slice(0, 20).join(', '))
}

const wrongPlatform = (image: string, known: string) =>
  failed(
    `${image} is for ${known || 'no platform that it names'}; this host runs linux/${ARCHITECTURE}`,
  )

export type ManifestFacts = { readonly compressedBytes: number; readonly layers: number }

/** Throws {@link GuestError} for what cannot or may not be unpacked. */
export function factsOf(text: string, image: string, limits = LIMITS): ManifestFacts {
  const { layers } = parsed(Manifest, text, image)
  requireNothingElsewhere(text, image)
  if (layers.length > MAX_LAYERS)
    throw failed(`${image} has ${layers.length} layers; at most ${MAX_LAYERS} can be unpacked`)
  for (const { mediaType } of layers)
    if (
      !/^application\/vnd\.(oci\.image\.layer|docker\.image\.rootfs)\.[a-z0-9.]*?tar([.+]gzip)?$/.test(
        mediaType,
      )
    )
      throw failed(
        `${image} has a layer of the type ${mediaType.slice(0, 100)}; it must be tar or gzip`,
      )
    else if (/\.(foreign|nondistributable)\./.test(mediaType)) throw elsewhere(image)
  const compressedBytes = layers.reduce((total, { size }) => total + size, 0)
  if (compressedBytes > limits.compressedBytes)
    throw new GuestError(
      'full',
      `${image} has ${gb(compressedBytes)} GB to fetch; at most ${gb(limits.compressedBytes)} GB are`,
    )
  return { compressedBytes, layers: layers.length }
}

const elsewhere = (image: string) =>
  failed(`${image} has parts that lie outside its registry; only what the registry has is fetched`)

/**
 * An address in a manifest would be asked from where the registry is reached, which may be the host's own
 * network. Skopeo reads names whatever their case, and joins what stands under the same name twice, so every
 * name in the text counts; with `manifests` it would go on to another manifest than the one looked at.
 */
function requireNothingElsewhere(text: string, image: string) {
  for (const [, name] of text.matchAll(/("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"/g))
    if (name !== undefined && /^(URLS|MANIFESTS)$/.test(JSON.parse(name).toUpperCase()))
      throw elsewhere(image)
}

/** Environment that the image gives its programs. Throws {@link GuestError} when it is for another machine. */
export function environmentIn(text: string, image: string): Record<string, string> {
  const { architecture, os, config } = parsed(Config, text, image)
  if (architecture !== ARCHITECTURE || os !== 'linux')
    throw wrongPlatform(image, `${os}/${architecture}`.slice(0, 100))
  const entries = (config?.Env ?? []).flatMap((line) => {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([^\0]*)$/s.exec(line) ?? []
    return name === undefined || value === undefined ? [] : [[name, value] as const]
  })
  const bytes = entries.reduce((total, [name, value]) => total + name.length + value.length * 3, 0)
  if (bytes > MAX_ENV_BYTES)
    throw failed(`The environment of ${image} has more than ${MAX_ENV_BYTES / 1024} KiB`)
  return Object.fromEntries(entries)
}

const gb = (bytes: number) => (bytes / 1e9).toFixed(1)
