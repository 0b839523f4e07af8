/**
 * Images of registries, fetched by skopeo as an OCI layout. Whoever asks may name any registry, and a registry may
 * send us anywhere, so it is fetched by a user of its own from a network of its own, from which only the
 * internet can be reached; those that the operator has named are reached as the host reaches them.
 */
import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, GuestError, NO_EGRESS, NOT_INTERNET } from '../../../engine.ts'
import { FLOOR_BYTES, requireFreeSpace } from '../../disks/free-space.ts'
import { run } from '../../network/run.ts'
import { ConfinedFailure, type Confinement, runConfined } from '../../transfer/confined.ts'
import { INNER_GATEWAY } from '../egress.ts'
import type { MicrovmHost } from '../host.ts'
import { makeNetwork } from '../network.ts'
import { inWords, missingProgram } from './complaints.ts'
import { environmentIn, factsOf, instanceIn } from './manifest.ts'

/** What the operator says of a registry: then it is reached wherever it is. */
export type ImageRegistry = {
  /** `registry.example.com`, or with a port. */
  readonly name: string
  /** `user:password`. */
  readonly credentials: string | null
  /** HTTP, or HTTPS with a certificate that nobody knows. */
  readonly insecure: boolean
}

type Source = { readonly reference: string; readonly registry: ImageRegistry | undefined }

/** One image, exactly. */
export type ResolvedImage = {
  /** As people say it. */
  readonly image: string
  /** Of its manifest; nothing else has the same. */
  readonly digest: string
  /** For skopeo. */
  readonly exact: string
  readonly compressedBytes: number
  readonly layers: number
  readonly env: Readonly<Record<string, string>>
}

/** Of a registry that says nothing. */
const SILENCE_MS = 60_000
const LOOK_MS = 500
const MEMORY_BYTES = 8 * 2 ** 30
const GO = { GODEBUG: 'netdns=go' }
const MAX_MANIFEST_BYTES = 1e6
const SPARE_BYTES = 32e6

/** Skopeo, as it may be run for one source. Files that it writes are in `folder`, and are its own. */
export class Puller {
  readonly #source: Source
  readonly #host: MicrovmHost
  readonly #folder: string
  readonly #confinement: Omit<Confinement, 'signal'>

  constructor(
    host: MicrovmHost,
    source: Source,
    folder: string,
    confinement: Omit<Confinement, 'signal'>,
  ) {
    this.#host = host
    this.#source = source
    this.#folder = folder
    this.#confinement = confinement
  }

  get layout(): string {
    return join(this.#folder, 'layout')
  }

  /** Throws {@link GuestError} when there is no image that this host could run. */
  async resolve(signal: AbortSignal): Promise<ResolvedImage> {
    const { reference } = this.#source
    const image = nameOf(reference)
    let exact = reference
    let text = await this.#ask(['inspect', '--raw'], exact, signal)
    const instance = instanceIn(text, image)
    if (instance !== null) {
      exact = exactly(reference, instance)
      text = isLocal(reference)
        ? await blobOf(reference, instance)
        : await this.#ask(['inspect', '--raw'], exact, signal)
      if (digestOf(text) !== instance) throw tampered(image)
    }
    const facts = factsOf(text, image)
    const digest = digestOf(text)
    // A tag may have moved since.
    if (!isLocal(reference)) exact = exactly(reference, digest)
    const config = await this.#ask(['inspect', '--config', '--raw'], exact, signal)
    return { image, digest, exact, ...facts, env: environmentIn(config, image) }
  }

  /** Answers the layers' files in the layout, lowest first. */
  async fetch({ exact, image, compressedBytes }: ResolvedImage, signal: AbortSignal) {
    await requireFreeSpace(this.#folder, compressedBytes)
    using watch = this.#watch(compressedBytes, image)
    const both = AbortSignal.any([signal, watch.signal])
    const target = `oci:${this.layout}:image`
    await this.#run(['copy', '--quiet'], [exact, target], both).catch((error: unknown) => {
      signal.throwIfAborted()
      watch.signal.throwIfAborted()
      throw error
    })
    return layersIn(this.layout)
  }

  async #ask(verb: readonly string[], reference: string, signal: AbortSignal): Promise<string> {
    const silence = AbortSignal.timeout(this.#host.options.registrySilenceMs ?? SILENCE_MS)
    try {
      return await this.#run(verb, [reference], AbortSignal.any([signal, silence]))
    } catch (error) {
      signal.throwIfAborted()
      if (silence.aborted) throw new GuestError('failed', `${this.#registry} does not answer`)
      throw error
    }
  }

  async #run(
    [verb = '', ...options]: readonly string[],
    references: readonly string[],
    signal: AbortSignal,
  ): Promise<string> {
    const { reference, registry } = this.#source
    const prefix = verb === 'copy' ? 'src-' : ''
    const access = isLocal(reference)
      ? []
      : [
          `--${prefix}authfile=${join(this.#folder, 'credentials')}`,
          ...(registry?.insecure === true ? [`--${prefix}tls-verify=false`] : []),
        ]
    const platform = ['--override-arch', 'amd64', '--override-os', 'linux']
    const temporary = ['--tmpdir', this.#folder]
    const args = [...platform, ...temporary, verb, ...options, ...access, ...references]
    try {
      return await runConfined('skopeo', args, { ...this.#confinement, signal })
    } catch (error) {
      if (!(error instanceof ConfinedFailure)) throw error
      const image = nameOf(reference)
      this.#host.options.log('info', 'an image could not be fetched', { image, error })
      const missing = missingProgram(error.message)
      if (missing !== null) throw new EngineError(missing)
      const words = inWords(error.message, image, this.#registry)
      throw new GuestError('failed', words ?? `${image} could not be fetched`, { cause: error })
    }
  }

  get #registry(): string {
    const { reference } = this.#source
    return isLocal(reference) ? 'the folder' : `The registry ${registryOf(reference)}`
  }

  /** Ends a transfer that has stopped, or sends more than was announced, or than there is room for. */
  #watch(announced: number, image: string): Disposable & { signal: AbortSignal } {
    const controller = new AbortController()
    const silenceMs = this.#host.options.registrySilenceMs ?? SILENCE_MS
    let seen = -1
    let since = performance.now()
    const look = async () => {
      const bytes = await bytesIn(this.#folder)
      const { bavail, bsize } = await statfs(this.#folder)
      if (bytes > announced + SPARE_BYTES) controller.abort(tampered(image))
      if (bavail * bsize < FLOOR_BYTES)
        controller.abort(new GuestError('full', 'The disk of this host is nearly full'))
      if (bytes !== seen) since = performance.now()
      else if (performance.now() - since > silenceMs)
        controller.abort(new GuestError('failed', `${this.#registry} has stopped sending`))
      seen = bytes
    }
    const timer = setInterval(() => void look().catch(() => {}), LOOK_MS)
    return { signal: controller.signal, [Symbol.dispose]: () => clearInterval(timer) }
  }
}

const REFERENCE =
  /^docker:\/\/[a-z0-9][a-z0-9.-]*(:\d{1,5})?(\/[a-z0-9][a-z0-9._-]*)+(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?$|^oci:\/[\w./-]+(:[\w.-]+)?$/

/** What it is given is there until `work` has ended. */
export async function withPuller<T>(
  host: MicrovmHost,
  reference: string,
  folder: string,
  work: (puller: Puller) => Promise<T>,
): Promise<T> {
  if (!REFERENCE.test(reference))
    throw new GuestError('failed', 'Not an image such as docker://docker.io/library/debian:12')
  const registry = host.options.registries?.find(({ name }) => name === registryOf(reference))
  const source = { reference, registry }
  const slot = host.newSlot('build', null)
  const { uid, gid, layout } = slot
  // An operator's own folder may be for root's eyes only.
  const owner = isLocal(reference) ? { uid: 0, gid: 0 } : { uid, gid }
  const isStrange = !isLocal(reference) && registry === undefined
  const writesBytes = 16e9
  try {
    await mkdir(folder, { mode: 0o711 })
    await chown(folder, owner.uid, owner.gid)
    await writeCredentials(source, join(folder, 'credentials'), owner)
    const resolver = join(folder, 'resolv.conf')
    if (isStrange) {
      await writeFile(resolver, `nameserver ${INNER_GATEWAY}\n`, { mode: 0o644 })
      await makeNetwork(layout, uid, { ...NO_EGRESS, open: true })
      await run('ip', ['netns', 'exec', layout.netns, 'nft', '-f', '-'], onlyInternet(uid))
    }
    const network = isStrange ? { netns: layout.netns, resolver } : ('host' as const)
    const shared = { owner, writesBytes, memoryBytes: MEMORY_BYTES, env: GO }
    const confinement = isLocal(reference) ? shared : { ...shared, network }
    return await work(new Puller(host, source, folder, confinement))
  } finally {
    await host.freeSlot(slot)
    await rm(folder, { recursive: true, force: true })
  }
}

/** Answers to what it sends are of no user, so it is the user's packets that are looked at. */
const onlyInternet = (uid: number) => `table inet garrison {
  chain fetching {
    ip daddr ${INNER_GATEWAY} meta l4proto { tcp, udp } th dport 53 accept
    ip daddr { ${NOT_INTERNET.join(', ')} } counter reject with icmp type admin-prohibited
    meta nfproto ipv6 counter reject with icmpv6 type admin-prohibited
  }
  chain output {
    type filter hook output priority filter; policy accept;
    meta skuid ${uid} jump fetching
  }
}
`

async function writeCredentials(
  { reference, registry }: Source,
  path: string,
  { uid, gid }: { uid: number; gid: number },
): Promise<void> {
  const credentials = registry?.credentials ?? null
  const auth = Buffer.from(credentials ?? '').toString('base64')
  const auths = credentials === null ? {} : { [registryOf(reference)]: { auth } }
  await writeFile(path, JSON.stringify({ auths }), { mode: 0o400 })
  await chown(path, uid, gid)
}

/** Their names are their hashes, which skopeo has compared. */
async function layersIn(layout: string): Promise<string[]> {
  const descriptor = z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) })
  const blob = ({ digest }: { digest: string }) =>
    join(layout, 'blobs/sha256', digest.slice('sha256:'.length))
  const index = z.object({ manifests: z.array(descriptor).length(1) })
  const { manifests } = index.parse(JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')))
  const manifest = z.object({ layers: z.array(descriptor) })
  const text = await readFile(blob(manifests[0] as { digest: string }), 'utf8')
  // Whoever unpacks it is somebody else.
  for (const folder of [layout, join(layout, 'blobs'), join(layout, 'blobs/sha256')])
    await chmod(folder, 0o755)
  const files = manifest.parse(JSON.parse(text)).layers.map(blob)
  for (const file of await readdir(join(layout, 'blobs/sha256')))
    await chmod(join(layout, 'blobs/sha256', file), 0o644)
  return files
}

async function blobOf(reference: string, digest: string): Promise<string> {
  const folder = reference.replace(/^oci:/, '').replace(/:[^/]*$/, '')
  const path = join(folder, 'blobs/sha256', digest.slice('sha256:'.length))
  try {
    if ((await stat(path)).size > MAX_MANIFEST_BYTES) throw new Error('It is too large')
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new GuestError('failed', `The layout ${folder} is not complete`, { cause })
  }
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(folder, { recursive: true }))
    bytes += await stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    )
  return bytes
}

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const isLocal = (reference: string) => reference.startsWith('oci:')
const nameOf = (reference: string) => reference.replace(/^docker:\/\//, '')
const registryOf = (reference: string) => nameOf(reference).split('/')[0] ?? ''
const exactly = (reference: string, digest: string) =>
  isLocal(reference) ? reference : `${reference.replace(/(:[^/:@]*)?(@.*)?$/, '')}@${digest}`
const tampered = (image: string) =>
  new GuestError('failed', `What the registry sent of ${image} is not what it announced`)
