/**
 * Root disks out of OCI images. skopeo fetches, umoci unpacks; both check digests. An image is a stranger's: its
 * size is asked before it is fetched, and nothing of it is run here.
 */
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packFolder } from './bases.ts'

/** Compressed, all layers; and unpacked. */
const MOST_BYTES = 8e9
const MOST_UNPACKED_BYTES = 16e9
/** What is in use grows: logs, packages, caches. */
const HEADROOM = { factor: 1.3, bytes: 200e6 }
const BLOCK_GROUP = 128 * 2 ** 20

export type OciSource = {
  /** `docker://registry/name:tag`, or `oci:/absolute/folder:tag`. */
  readonly reference: string
  /** `user:password`. */
  readonly credentials?: string | undefined
}

export type OciImage = {
  /** Of its manifest: what is the same is never unpacked twice. */
  readonly digest: string
  readonly env: Readonly<Record<string, string>>
}

/** What `skopeo inspect` says; the image decides about all of it. */
type Inspected = Partial<{
  Digest: string
  Architecture: string
  Os: string
  Env: string[] | null
  LayersData: { Size: number }[] | null
}>

/** Asks the registry about an image. @throws In words for whoever named it. */
export async function inspectOci(source: OciSource, signal: AbortSignal): Promise<OciImage> {
  requireReference(source.reference)
  const text = await skopeo(
    ['inspect', ...overrides, ...login(source, 'creds'), source.reference],
    signal,
  )
  const told: Inspected = JSON.parse(text)
  const { Digest = '', Architecture, Os, Env, LayersData } = told
  if (!/^sha256:[0-9a-f]{64}$/.test(Digest)) throw new Error('The image has no digest')
  if (Architecture !== 'amd64' || Os !== 'linux')
    throw new Error(`The image is for ${Os} on ${Architecture}; this host runs linux on amd64`)
  const bytes = (LayersData ?? []).reduce((total, { Size }) => total + Number(Size), 0)
  if (!(bytes <= MOST_BYTES))
    throw new Error(
      `The image has ${Math.ceil(bytes / 1e9)} GB; at most ${MOST_BYTES / 1e9} GB are taken`,
    )
  const pairs = (Env ?? []).map((entry) => String(entry).split(/=(.*)/s))
  const env = pairs.filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name ?? ''))
  return {
    digest: Digest.slice('sha256:'.length),
    env: Object.fromEntries(env.map(([name, value]) => [name, value ?? ''])),
  }
}

/** @param target A qcow2 with the content of exactly this image. */
export async function unpackOci(
  source: OciSource,
  image: OciImage,
  { scratch, target }: { scratch: string; target: string },
  signal: AbortSignal,
): Promise<void> {
  const layout = `${join(scratch, 'layout')}:image`
  const exactly = byDigest(source.reference, image.digest)
  await skopeo(
    ['copy', '--quiet', ...overrides, ...login(source, 'src-creds'), exactly, `oci:${layout}`],
    signal,
  )
  const bundle = join(scratch, 'bundle')
  await tool('umoci', ['unpack', '--image', layout, bundle], signal)
  await rm(join(scratch, 'layout'), { recursive: true })
  const root = join(bundle, 'rootfs')
  const [used] = (await tool('du', ['-sB1', '-x', root], signal)).split(/\s/)
  const bytes = Number(used)
  if (bytes > MOST_UNPACKED_BYTES)
    throw new Error(
      `The image has ${Math.ceil(bytes / 1e9)} GB when it is unpacked; at most 16 GB are taken`,
    )
  const wanted = bytes * HEADROOM.factor + HEADROOM.bytes
  const size = Math.ceil(wanted / BLOCK_GROUP) * BLOCK_GROUP
  await packFolder(root, size, scratch, target)
}

const overrides = ['--override-os=linux', '--override-arch=amd64']

function requireReference(reference: string): void {
  if (/^docker:\/\/[a-zA-Z0-9][\w.:/@-]*$/.test(reference)) return
  if (/^oci:\/[\w./-]+(:[\w.-]+)?$/.test(reference)) return
  throw new Error('Not the name of an image such as docker://docker.io/library/debian:12')
}

/** A tag may move between two questions. */
function byDigest(reference: string, digest: string): string {
  if (!reference.startsWith('docker://')) return reference
  const name = reference.replace(/@sha256:[0-9a-f]+$/, '').replace(/:[\w.-]+$/, '')
  return `${name}@sha256:${digest}`
}

const login = ({ credentials }: OciSource, option: string) =>
  credentials === undefined ? [] : [`--${option}=${credentials}`]

/** A registry of this host speaks HTTP. */
function skopeo(args: readonly string[], signal: AbortSignal): Promise<string> {
  const isLocal = args.some((arg) => /^docker:\/\/(127\.0\.0\.1|localhost)(:|\/)/.test(arg))
  const [verb = '', ...rest] = args
  const tls = isLocal ? [verb === 'copy' ? '--src-tls-verify=false' : '--tls-verify=false'] : []
  return tool('skopeo', [verb, ...tls, ...rest], signal)
}

const execute = promisify(execFile)

async function tool(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  try {
    const env = { ...process.env, LC_ALL: 'C' }
    const { stdout } = await execute(program, args, { env, signal, maxBuffer: 2 ** 24 })
    return stdout
  } catch (error) {
    signal.throwIfAborted()
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string }
    if (code === 'ENOENT')
      throw new Error(`Images of registries need ${program}. Run: apt-get install skopeo umoci`)
    // Not the error's own words, which repeat the arguments and so the credentials.
    throw new Error(lastReason(stderr) || `${program} failed`)
  }
}

/** skopeo logs what happened, as `level=fatal msg="…"`. */
function lastReason(words: string): string {
  const told = [...words.matchAll(/msg="((?:[^"\\]|\\.)*)"/g)].at(-1)?.[1]
  return (told ?? words).replaceAll('\\"', '"').slice(0, 500)
}
