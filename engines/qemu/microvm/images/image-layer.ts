/** The disk layer of an image of a registry: one that is here already, or fetched and unpacked. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../network/run.ts'
import type { MicrovmHost } from '../host.ts'
import { imageLayerName } from './kept.ts'
import { type Puller, type ResolvedImage, withPuller } from './pull.ts'
import { unpackImage } from './unpack.ts'

export type ImageLayer = {
  readonly layer: string
  readonly env: Readonly<Record<string, string>>
  /** Keeps it from being swept. */
  readonly pin: Disposable
}

/**
 * The registry is asked each time, so that nobody gets what it would not let them have. Throws
 * {@link GuestError}; nothing is left then.
 */
export async function imageLayer(
  host: MicrovmHost,
  { reference, tenant }: { readonly reference: string; readonly tenant: string },
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<ImageLayer> {
  const folder = join(host.paths.unpacking, randomBytes(8).toString('hex'))
  await mkdir(folder, { recursive: true, mode: 0o711 })
  try {
    return await withPuller(host, reference, join(folder, 'pull'), async (puller) => {
      const found = await puller.resolve(signal)
      log(`${found.image} is ${found.digest}`)
      const layer = imageLayerName(found.digest)
      const pin = host.layers.pin(layer)
      try {
        // A tenant's one after the other, and nobody's behind another's slow registry.
        const env = await host.fetching.run(
          tenant,
          () => ensureLayer(host, puller, { found, layer, folder, log, signal }),
          signal,
        )
        return { layer, env, pin }
      } catch (error) {
        pin[Symbol.dispose]()
        throw error
      }
    })
  } finally {
    await run('rm', ['-rf', '--one-file-system', '--', folder])
  }
}

async function ensureLayer(
  host: MicrovmHost,
  puller: Puller,
  work: {
    found: ResolvedImage
    layer: string
    folder: string
    log: (line: string) => void
    signal: AbortSignal
  },
): Promise<Readonly<Record<string, string>>> {
  const { found, layer, folder, log, signal } = work
  const kept = await host.images.find(layer)
  if (kept !== null) {
    log('It is unpacked already')
    return kept.env
  }
  // Others that are kept make room for it where there is little.
  await host.sweep()
  const { image, env, compressedBytes } = found
  log(`Fetching ${found.layers} layers, ${(compressedBytes / 1e6).toFixed(1)} MB`)
  const layers = await puller.fetch(found, signal)
  const { layout } = puller
  // One at a time: it takes a processor and the disk, and all are the same users of the host.
  return host.unpacking.run(
    'unpack',
    async () => {
      const meanwhile = await host.images.find(layer)
      if (meanwhile !== null) {
        log('It has been unpacked meanwhile')
        return meanwhile.env
      }
      await unpackImage({ host, folder, image, layout, layers, name: layer, log, signal })
      await host.images.put(layer, { image, env })
      return env
    },
    signal,
  )
}
