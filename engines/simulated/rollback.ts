import { EngineError, type Order } from '../engine.ts'
import type { Durations } from './durations.ts'
import { misbehaves } from './failures.ts'
import { blamed, found, hibernationOf, isRunning, withMachine } from './machines.ts'
import type { Orders } from './orders.ts'
import type { WorldStore } from './state.ts'

type Deps = { orders: Orders; store: WorldStore; durations: Durations; now: () => number }

/** There is no disk: all that can be seen is that it happened. */
export function rollBack(deps: Deps, machine: string, snapshot: string, order: Order) {
  return deps.orders.run(machine, order, () => inTurn(deps, machine, snapshot, order))
}

async function inTurn(deps: Deps, machine: string, snapshot: string, order: Order): Promise<void> {
  const { orders, store, durations, now } = deps
  const record = found(store.world.machines[machine], `machine ${machine}`)
  const taken = store.world.snapshots[snapshot]
  found(taken?.machine === machine ? taken : undefined, `snapshot ${snapshot} of this machine`)
  if (hibernationOf(record.power) !== null)
    throw new EngineError(
      'The machine is hibernated and its memory fits to this disk only; restore it first',
    )
  if (isRunning(record.power, now()))
    throw new EngineError('The machine runs; stop it before it is rolled back')
  await orders.wait(durations.rollback, order)
  if (misbehaves(record.hostname, 'fail-rollback'))
    throw new EngineError(blamed('The machine could not be rolled back', record.hostname))
  await orders.apply('disk.rollback', machine, order, (world) =>
    withMachine(world, machine, {
      ...found(world.machines[machine], `machine ${machine}`),
      rolledBackTo: snapshot,
    }),
  )
}
