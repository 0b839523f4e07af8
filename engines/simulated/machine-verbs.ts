/**
 * Making machines, and bringing them from one state into another: after the time that it takes, with one
 * effect at a time.
 */
import { isDeepStrictEqual } from 'node:util'
import {
  type Capabilities,
  EngineError,
  type FirewallRule,
  type HibernationResult,
  type Host,
  type MachineSpec,
  type MachineState,
  NotFoundError,
  type Order,
  type RunOptions,
  type StopResult,
  UnsupportedError,
} from '../engine.ts'
import type { SimulatedConsoles } from './console.ts'
import type { Durations } from './durations.ts'
import { misbehaves } from './failures.ts'
import {
  blamed,
  continued,
  found,
  hibernationOf,
  isRunning,
  recordOf,
  requireEnforceable,
  requireRoom,
  requireSource,
  type SimulatedOsImage,
  stateOf,
  switchedOff,
  switchedOn,
  withMachine,
} from './machines.ts'
import type { Orders } from './orders.ts'
import { type MachineRecord, type WorldStore, without } from './state.ts'
import { released, withBootVolume, withVolumesOf } from './volumes.ts'

type MachineDeps = {
  readonly orders: Orders
  readonly store: WorldStore
  readonly durations: Durations
  readonly consoles: SimulatedConsoles
  readonly osImages: readonly SimulatedOsImage[]
  readonly hosts: readonly Host[]
  readonly capabilities: () => Capabilities
  readonly now: () => number
}

export function ensureMachine(
  deps: MachineDeps,
  spec: MachineSpec,
  order: Order,
  { coldBoot = false }: RunOptions = {},
): Promise<MachineState> {
  const { orders, store, durations, now } = deps
  return orders.run(spec.id, order, async () => {
    const machine = store.world.machines[spec.id]
    if (machine === undefined) {
      requireMakeable(deps, spec)
      await orders.wait(durations.create, order)
      await orders.apply('disk.create', spec.id, order, (world) =>
        withMachine(
          withBootVolume(world, spec),
          spec.id,
          recordOf(spec, switchedOff({ everStarted: false })),
        ),
      )
      await orders.wait(durations.build, order)
      const goesOn =
        spec.source.kind === 'snapshot' && store.world.snapshots[spec.source.id]?.memory === true
      await switchOn(deps, goesOn ? 'machine.resume' : 'machine.start', spec, order)
    } else if (hibernationOf(machine.power)?.memory === true && !coldBoot) {
      await orders.wait(durations.resume, order)
      if (misbehaves(machine.hostname, 'fail-resume'))
        throw new EngineError(
          blamed(
            'Its memory cannot be read; restore it with {"cold_boot": true}',
            machine.hostname,
          ),
        )
      await switchOn(deps, 'machine.resume', spec, order)
    } else if (!isRunning(machine.power, now())) {
      await orders.wait(durations.start, order)
      await switchOn(deps, 'machine.start', spec, order)
    } else await applyRules(deps, spec.id, spec.rules, order)
    return stateOf(spec.id, store.world.machines[spec.id], now())
  })
}

export function ensureStopped(
  deps: MachineDeps,
  machine: string,
  graceMs: number,
  order: Order,
): Promise<StopResult> {
  const { orders, durations, now } = deps
  return orders.run(machine, order, async () => {
    const { power, hostname } = recordIn(deps, machine)
    if (!isRunning(power, now())) return { forced: !power.on && power.forced }

    const deaf = misbehaves(hostname, 'ignore-shutdown') || misbehaves(hostname, 'fail-boot')
    const forced = deaf || durations.stop > graceMs
    await orders.wait(forced ? graceMs : durations.stop, order)
    if (misbehaves(hostname, 'fail-stop'))
      throw new EngineError(blamed('The machine could not be stopped', hostname))
    await switchOff(deps, machine, forced, order)
    return { forced }
  })
}

export function ensureHibernated(
  deps: MachineDeps,
  machine: string,
  order: Order,
): Promise<HibernationResult> {
  const { orders, durations, consoles, capabilities, now } = deps
  return orders.run(machine, order, async () => {
    if (!capabilities().hibernate)
      throw new UnsupportedError('Machines of this simulated region cannot hibernate')
    const record = recordIn(deps, machine)
    const hibernated = hibernationOf(record.power)
    if (hibernated !== null) return hibernated

    if (record.power.on && !isRunning(record.power, now()))
      throw new EngineError(
        'Its process has ended and its memory is gone; start it, then hibernate it',
      )

    // As on real hosts: what is in a GPU cannot be kept.
    const memory = isRunning(record.power, now()) && record.gpus === null
    await orders.wait(durations.hibernate, order)
    if (misbehaves(record.hostname, 'fail-hibernate'))
      throw new EngineError(blamed('The machine was not hibernated', record.hostname))
    await orders.apply('machine.hibernate', machine, order, (world) => {
      const current = found(world.machines[machine], `machine ${machine}`)
      const power = { ...switchedOff({ everStarted: true }), hibernated: { memory } }
      return withMachine(world, machine, { ...current, power })
    })
    consoles.end(machine)
    return { memory }
  })
}

export function reboot(deps: MachineDeps, spec: MachineSpec, order: Order): Promise<MachineState> {
  const { orders, store, durations, now } = deps
  return orders.run(spec.id, order, async () => {
    const running = isRunning(recordIn(deps, spec.id).power, now())
    await orders.wait(running ? durations.reboot : durations.start, order)
    await switchOn(deps, running ? 'machine.reboot' : 'machine.start', spec, order)
    return stateOf(spec.id, store.world.machines[spec.id], now())
  })
}

export function ensureGone(deps: MachineDeps, machine: string, order: Order): Promise<void> {
  const { orders, store, durations, now } = deps
  return orders.run(machine, order, async () => {
    const record = store.world.machines[machine]
    if (record === undefined) return
    if (isRunning(record.power, now())) await switchOff(deps, machine, true, order)
    await orders.wait(durations.delete, order)
    await orders.apply('disk.delete', machine, order, (world) => ({
      ...released(world, machine),
      machines: without(world.machines, machine),
    }))
  })
}

export function applyFirewall(
  deps: MachineDeps,
  machine: string,
  rules: readonly FirewallRule[] | null,
  order: Order,
): Promise<void> {
  return deps.orders.run(machine, order, () => applyRules(deps, machine, rules, order))
}

const recordIn = ({ store }: MachineDeps, machine: string): MachineRecord =>
  found(store.world.machines[machine], `machine ${machine}`)

/** Everything that a real host would refuse a new machine for, before it has any effect. */
function requireMakeable(
  { store, osImages, hosts, capabilities, now }: MachineDeps,
  spec: MachineSpec,
): void {
  if (spec.gpus !== null && !capabilities().gpu)
    throw new UnsupportedError('This simulated region has no GPUs')
  requireEnforceable(spec.rules, capabilities())
  requireSource(spec, store.world, osImages)
  if (store.world.addresses[spec.id] === undefined)
    throw new NotFoundError(`Machine ${spec.id} has no address; call ensureAddress first`)
  requireRoom(spec, store.world, hosts, now())
}

async function switchOn(
  { orders, durations, hosts, now }: MachineDeps,
  effect: 'machine.start' | 'machine.reboot' | 'machine.resume',
  spec: MachineSpec,
  order: Order,
): Promise<void> {
  const { hostname } = spec.guest
  if (misbehaves(hostname, 'fail-start'))
    throw new EngineError(blamed('The machine did not start', hostname))
  await orders.apply(effect, spec.id, order, (world) => {
    requireRoom(spec, world, hosts, now())
    const { diskGb, hadUserData = false } = found(world.machines[spec.id], `machine ${spec.id}`)
    const on = effect === 'machine.resume' ? continued : switchedOn
    const power = on(hostname, now(), durations)
    const equipped = effect === 'machine.reboot' ? world : withVolumesOf(world, spec)
    return withMachine(equipped, spec.id, {
      ...recordOf(spec, power),
      diskGb,
      ...(hadUserData && { hadUserData }),
    })
  })
}

async function applyRules(
  deps: MachineDeps,
  machine: string,
  rules: readonly FirewallRule[] | null,
  order: Order,
): Promise<void> {
  const record = recordIn(deps, machine)
  requireEnforceable(rules, deps.capabilities())
  if (isDeepStrictEqual(record.rules, rules)) return
  if (misbehaves(record.hostname, 'fail-firewall'))
    throw new EngineError(blamed('The rules of the machine could not be changed', record.hostname))
  await deps.orders.apply('firewall.apply', machine, order, (world) =>
    withMachine(world, machine, {
      ...found(world.machines[machine], `machine ${machine}`),
      rules,
    }),
  )
}

async function switchOff(
  { orders, consoles }: MachineDeps,
  machine: string,
  forced: boolean,
  order: Order,
): Promise<void> {
  await orders.apply('machine.stop', machine, order, (world) => {
    const record = found(world.machines[machine], `machine ${machine}`)
    const power = switchedOff({ everStarted: true, forced })
    return withMachine(world, machine, { ...record, power })
  })
  consoles.end(machine)
}
