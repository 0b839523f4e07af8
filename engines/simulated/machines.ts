/** What follows from a machine's record, the hosts and the time; plain functions of plain data. */
import {
  type Capabilities,
  CapacityError,
  EngineError,
  type FirewallRule,
  type Host,
  type MachineSpec,
  type MachineState,
  NotFoundError,
  type SnapshotResult,
  type StartupLog,
  UnsupportedError,
} from '../engine.ts'
import type { Durations } from './durations.ts'
import { misbehaves, ownEnd } from './failures.ts'
import type { MachineRecord, Power, SnapshotRecord, VolumeRecord, World } from './state.ts'

/** What a guest is taken to have written above its OS image. */
const WRITTEN_SHARE_OF_DISK = 0.04

/** An OS image that simulated machines can be made from. */
export type SimulatedOsImage = { readonly name: string; readonly minDiskGb: number }

export function isRunning(power: Power, now: number): boolean {
  return power.on && (power.ends === null || now < power.ends.at)
}

export function isGuestUp(power: Power, now: number): boolean {
  return power.on && isRunning(power, now) && power.guestUpAt !== null && power.guestUpAt <= now
}

export function stateOf(id: string, record: MachineRecord | undefined, now: number): MachineState {
  if (record === undefined) return { id, status: 'absent', guestUp: false }
  const { hostname, power } = record
  if (misbehaves(hostname, 'lose-contact'))
    return {
      id,
      status: 'unknown',
      guestUp: false,
      detail: blamed('Its host does not answer', hostname),
    }
  if (isRunning(power, now)) return { id, status: 'running', guestUp: isGuestUp(power, now) }
  if (hibernationOf(power) !== null) return { id, status: 'hibernated', guestUp: false }
  return { id, status: 'stopped', guestUp: false, ...endOf(power, hostname) }
}

function endOf(power: Power, hostname: string): Pick<MachineState, 'reason' | 'detail'> {
  if (power.on)
    return power.ends?.reason === 'guest'
      ? { reason: 'guest', detail: blamed('The guest powered itself off', hostname) }
      : { reason: 'died', detail: 'Its simulated process ended' }
  if (!power.everStarted) return { detail: 'It has its disk and was never started' }
  return power.forced
    ? { reason: 'requested', detail: 'It did not shut down when asked and was cut off' }
    : { reason: 'requested' }
}

/** Power of a machine that is switched on at `now`. */
export function switchedOn(hostname: string, now: number, durations: Durations): Power {
  const end = ownEnd(hostname)
  const endsAt = end === null ? Number.POSITIVE_INFINITY : now + end.afterMs
  const guestUpAt = now + durations.boot
  return {
    on: true,
    guestUpAt: misbehaves(hostname, 'fail-boot') || guestUpAt >= endsAt ? null : guestUpAt,
    ends: end === null ? null : { at: endsAt, reason: end.reason },
  }
}

/** Power of a machine that goes on where it was: its guest has been up already. */
export function continued(hostname: string, now: number, durations: Durations): Power {
  return switchedOn(hostname, now, { ...durations, boot: 0 })
}

/** `null`: it is not hibernated. */
export function hibernationOf(power: Power): { readonly memory: boolean } | null {
  return power.on ? null : (power.hibernated ?? null)
}

export function recordOf(spec: MachineSpec, power: Power): MachineRecord {
  const { host, memoryMib, diskGb, gpus, rules, guest } = spec
  return {
    host,
    memoryMib,
    diskGb,
    gpus,
    rules,
    hostname: guest.hostname,
    power,
    ...(guest.userData !== null && { hadUserData: true }),
  }
}

export function withMachine(world: World, id: string, record: MachineRecord): World {
  return { ...world, machines: { ...world.machines, [id]: record } }
}

/** There is nothing to run it: the log says so, and how it ended goes by the machine's name. */
export function startupLogOf(record: MachineRecord, now: number): StartupLog | null {
  const { hadUserData, hostname, power } = record
  if (hadUserData !== true || !power.on || power.guestUpAt === null || !isGuestUp(power, now))
    return null
  const failed = misbehaves(hostname, 'fail-script')
  const at = new Date(power.guestUpAt)
  return {
    status: failed ? 'failed' : 'succeeded',
    exitCode: failed ? 1 : 0,
    log: failed
      ? `${blamed('The script failed', hostname)}\n`
      : 'This machine is simulated: nothing was run.\n',
    startedAt: at,
    finishedAt: at,
  }
}

export function switchedOff(past: { everStarted: boolean; forced?: boolean }): Power {
  return { on: false, everStarted: past.everStarted, forced: past.forced ?? false }
}

export function snapshotOf(
  machine: string,
  record: MachineRecord,
  memory: boolean,
  now: number,
): SnapshotRecord {
  const { power, diskGb, hostname } = record
  return {
    consistency: isClean(power, now) ? 'filesystem' : 'crash',
    memory: memory && isRunning(power, now),
    sizeBytes: Math.round(diskGb * 1e9 * WRITTEN_SHARE_OF_DISK),
    diskGb,
    hostname,
    machine,
  }
}

/** Throws {@link UnsupportedError} for rules that the region is not able to enforce. */
export function requireEnforceable(
  rules: readonly FirewallRule[] | null,
  able: Pick<Capabilities, 'firewall' | 'firewallIpv6'>,
) {
  if (rules === null) return
  if (!able.firewall) throw new UnsupportedError('This simulated region has no firewalls')
  if (!able.firewallIpv6 && rules.some((rule) => rule.ethertype === 'IPv6'))
    throw new UnsupportedError('This simulated region has no IPv6')
}

/** The guest could be asked to freeze the disk, or had shut down by itself. */
function isClean(power: Power, now: number): boolean {
  if (!power.on) return !power.forced
  return isRunning(power, now) ? isGuestUp(power, now) : power.ends?.reason === 'guest'
}

export function snapshotResult(record: SnapshotRecord): SnapshotResult {
  const { consistency, memory, sizeBytes, diskGb } = record
  return { consistency, memory, sizeBytes, diskGb }
}

/** Throws {@link NotFoundError} for an unknown source, {@link EngineError} when the disk is too small. */
export function requireSource(
  spec: MachineSpec,
  world: World,
  osImages: readonly SimulatedOsImage[],
) {
  const minDiskGb = minimumDisk(spec, world, osImages)
  if (spec.diskGb < minDiskGb)
    throw new EngineError(
      `A disk of ${spec.diskGb} GB is too small for its source, which needs ${minDiskGb} GB`,
    )
}

function minimumDisk(
  { source, tenant }: MachineSpec,
  world: World,
  osImages: readonly SimulatedOsImage[],
): number {
  switch (source.kind) {
    case 'os-image':
      return found(
        osImages.find((image) => image.name === source.name),
        `OS image ${source.name}`,
      ).minDiskGb
    case 'image':
      return found(world.images[source.id], `image ${source.id}`).minDiskGb
    case 'snapshot':
      return found(world.snapshots[source.id], `snapshot ${source.id}`).diskGb
    case 'volume':
      return bootableVolume(world, source.id, tenant).sizeGb
  }
}

/** A volume that a new machine of this tenant may boot from. */
export function bootableVolume(world: World, id: string, tenant: string): VolumeRecord {
  const volume = found(theirs(world.volumes[id], tenant), `volume ${id} of this tenant`)
  if (!volume.bootable)
    throw new EngineError(`Volume ${id} was not made of an OS image, so nothing can boot from it`)
  if (volume.machine !== null) throw inUse(id, volume.machine)
  return volume
}

/** What is another tenant's does not exist. */
export const theirs = (volume: VolumeRecord | undefined, tenant: string) =>
  volume?.tenant === tenant ? volume : undefined

export function inUse(volume: string, machine: string): EngineError {
  return new EngineError(`Volume ${volume} is in use by machine ${machine}; detach it first`)
}

/** `value`, or {@link NotFoundError} naming what is missing. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new NotFoundError(`There is no ${what} in this simulated region`)
  return value
}

/**
 * Throws {@link CapacityError} when the machines that run leave too little memory or too few GPUs.
 * The server counts before it places; this is the wall of a real host behind it. Virtual CPUs and
 * thin disks are oversold on purpose and have none.
 */
export function requireRoom(
  spec: MachineSpec,
  world: World,
  hosts: readonly Host[],
  now: number,
): void {
  const host = found(
    hosts.find((candidate) => candidate.name === spec.host),
    `host ${spec.host}`,
  )
  if (misbehaves(spec.guest.hostname, 'no-capacity'))
    throw noRoom(blamed(`Host ${host.name} has no room`, spec.guest.hostname))
  const others = Object.entries(world.machines)
    .filter(
      ([id, other]) => id !== spec.id && other.host === host.name && isRunning(other.power, now),
    )
    .map(([, other]) => other)

  const memoryFree = host.memoryMib - sum(others.map((other) => other.memoryMib))
  if (spec.memoryMib > memoryFree)
    throw noRoom(`Host ${host.name} has ${memoryFree} MiB of memory left, not ${spec.memoryMib}`)

  if (spec.gpus === null) return
  const { model, count } = spec.gpus
  const installed = sum(host.gpus.filter((gpus) => gpus.model === model).map((gpus) => gpus.count))
  const used = others.map((other) => (other.gpus?.model === model ? other.gpus.count : 0))
  const gpusFree = installed - sum(used)
  if (count > gpusFree)
    throw noRoom(`Host ${host.name} has ${gpusFree} ${model} left, not ${count}`)
}

/** A sentence about a failure that somebody chose by the machine's name; people do not know its id. */
export function blamed(what: string, hostname: string): string {
  return `${what} (simulated, as the name ${hostname} asks for)`
}

function noRoom(message: string): CapacityError {
  return new CapacityError(message, { retryable: true })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
