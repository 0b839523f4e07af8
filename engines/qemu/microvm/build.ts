/** Makes a snapshot of an image: a machine boots from it, is changed as asked, warms up, and is captured. */
import { GuestError, type MicrovmBuildSpec } from '../../engine.ts'
import { newLayerName, osLayerName } from '../disks/layers.ts'
import { abortable } from '../waiting.ts'
import type { MicrovmGuest } from './agent/guest.ts'
import { capture, emptyMemory } from './capture.ts'
import type { MicrovmHost } from './host.ts'
import { type ImageLayer, imageLayer } from './images/image-layer.ts'
import type { LiveMicrovm } from './live.ts'
import type { MicrovmSnapshotRecord } from './records.ts'
import { requireMemory } from './room.ts'
import { keepSnapshot } from './take-snapshot.ts'
import { newMachineId, wakeUp } from './wake.ts'

const BOOT_MS = 180_000
const WARM_MS = 60_000
const HEADROOM_GB = 3
const MAX_DISK_GB = 16
const MAX_LOG_BYTES = 1024 * 1024

export async function buildSnapshot(
  host: MicrovmHost,
  spec: MicrovmBuildSpec,
  tell: (line: string) => void,
  outer: AbortSignal,
): Promise<MicrovmSnapshotRecord> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(spec.limitMs)])
  const log = bounded(tell)
  try {
    await host.kit()
    const bottom = await bottomLayer(host, spec, log, signal)
    using _ = bottom.pin
    return await buildOn(host, spec, bottom, log, signal)
  } catch (error) {
    outer.throwIfAborted()
    if (signal.aborted)
      throw new GuestError('failed', `It was not done within ${Math.round(spec.limitMs / 1000)} s`)
    throw error
  }
}

async function buildOn(
  host: MicrovmHost,
  spec: MicrovmBuildSpec,
  bottom: ImageLayer,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<MicrovmSnapshotRecord> {
  const below = bottom.layer
  const slot = host.newSlot('build', spec.tenant)
  const layer = newLayerName()
  const name = host.newMemory()
  const ram = host.paths.ram(`empty-${spec.memoryMib}`)
  using _pin = host.layers.pin(layer)
  let live: LiveMicrovm | null = null
  try {
    await emptyMemory(ram, spec.memoryMib)
    log('Booting')
    const { vcpus, memoryMib, egress } = spec
    const diskBytes = diskBytesOf(host.layers.virtualSizeBytes(below), spec.diskGb)
    const env = { ...bottom.env, ...spec.env }
    const plan = { vcpus, memoryMib, layer, below, diskBytes, ram, state: null, egress }
    host.starting += memoryMib
    try {
      await requireMemory(host.starting)
      live = await host.spawn(slot, plan)
      const identity = { hostname: 'microvm', env }
      await abortable(wakeUp(live, identity, newMachineId(), BOOT_MS), signal)
    } finally {
      host.starting -= memoryMib
    }
    const guest = await live.guest()
    for (const command of spec.commands) await runCommand(guest, command, log, signal)
    log('Warming up')
    await warmUp(guest, signal)
    const gid = host.identities.gidOf(spec.tenant)
    const files = await host.captureFiles(slot, ram, name, spec.isPublic ? null : gid)
    const captured = await capture(live, files, async () => {}, {
      ...{ goesOn: false, keep: null },
    })
    const qemu = await live.version()
    await live.end()
    await host.layers.freeze(layer, gid, spec.isPublic)
    const sizeBytes = captured.sizeBytes + (await host.layers.bytesAboveOs(layer))
    const record: MicrovmSnapshotRecord = {
      ...{
        tenant: spec.tenant,
        gid,
        isPublic: spec.isPublic,
        vcpus,
        memoryMib,
        layer,
        env,
        sizeBytes,
      },
      memory: { name, qemu, unsafeSince: host.bootId },
      pausedMs: captured.pausedMs,
    }
    await keepSnapshot(host, spec.id, record)
    log('Done')
    return record
  } finally {
    host.pinned.delete(name)
    // Also one that was launched and never answered.
    await live?.kill()
    await host.endOf(slot)
    if (host.snapshots.get(spec.id) === undefined) await host.sweep()
  }
}

/** The layer that holds an image's content, the same for all who build of it, and what it sets. */
async function bottomLayer(
  host: MicrovmHost,
  { source, tenant }: MicrovmBuildSpec,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<ImageLayer> {
  if (source.kind === 'oci')
    return imageLayer(host, { reference: source.reference, tenant }, log, signal)
  log(`Root disk: ${source.name}`)
  const { root } = await abortable(host.options.kits.ensureBase(source.name), signal)
  // Its folder is named by a hash of its content.
  const layer = osLayerName(root.split('/').at(-2) ?? '')
  const pin = host.layers.pin(layer)
  try {
    await host.layers.copyOsImage(layer, root)
    return { layer, env: {}, pin }
  } catch (error) {
    pin[Symbol.dispose]()
    throw error
  }
}

function diskBytesOf(belowBytes: number, diskGb: number | null): number {
  const most = Math.max(belowBytes, MAX_DISK_GB * 1e9)
  const wanted = diskGb === null ? Math.min(most, belowBytes + HEADROOM_GB * 1e9) : diskGb * 1e9
  if (wanted < belowBytes)
    throw new GuestError(
      'full',
      `The image needs a disk of ${Math.ceil(belowBytes / 1e9)} GB; ask for that or more`,
    )
  return Math.ceil(wanted / 2 ** 20) * 2 ** 20
}

async function runCommand(
  guest: MicrovmGuest,
  { title, shell }: MicrovmBuildSpec['commands'][number],
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  log(title)
  let kept = ''
  const onText = (text: string) => {
    const lines = (kept + text).split(/\r?\n/)
    kept = lines.pop() ?? ''
    for (const line of lines) log(line)
    // A line that never ends is told in pieces.
    for (; kept.length > 4096; kept = kept.slice(4096)) log(kept.slice(0, 4096))
  }
  const { exitCode } = await guest.command(shell, { timeoutMs: 0, onText }, signal)
  if (kept !== '') log(kept)
  signal.throwIfAborted()
  if (exitCode !== 0) throw new GuestError('failed', `${title}: failed with exit code ${exitCode}`)
}

/** What copies do first is in memory already, and what was written is on the disk. */
async function warmUp(guest: MicrovmGuest, signal: AbortSignal): Promise<void> {
  const shell = { language: 'bash', code: 'sync; true', timeoutMs: WARM_MS } as const
  const { exitCode } = await guest.execute(shell, signal)
  if (exitCode !== 0) throw new GuestError('no-language', 'The image has no shell that works')
  try {
    await guest.execute({ language: 'python', code: 'pass', timeoutMs: WARM_MS }, signal)
  } catch (error) {
    if (!(error instanceof GuestError) || error.reason !== 'no-language') throw error
  }
}

function bounded(tell: (line: string) => void): (line: string) => void {
  let left = MAX_LOG_BYTES
  return (line) => {
    if (left <= 0) return
    left -= line.length + 1
    tell(left > 0 ? line : 'The rest of the log is left out; it has more than 1 MiB')
  }
}
