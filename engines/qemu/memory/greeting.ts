/**
 * What a guest is told before it counts as up. One that went on from kept memory believes that it is the
 * time when it was stopped, and a copy that it is the other one.
 */
import type { LiveMachine } from '../live-machine.ts'
import type { Log } from '../machines.ts'
import type { MachineRecord } from '../records/records.ts'
import type { Store } from '../records/store.ts'
import { introduce } from './identity.ts'

/** A guest that has just gone on may be slow to answer; one that cannot set its clock holds up nobody. */
const TELL_TIME_TRIES = 3

export type GreetingDeps = {
  readonly store: Store
  readonly log: Log
  /** Is not waited for: whoever has the machine's turn may be waiting for the guest. */
  readonly change: (id: string, changes: Partial<MachineRecord>) => void
}

/** Throws when it does not learn who it is. */
export async function greet(
  { store, log, change }: GreetingDeps,
  id: string,
  live: LiveMachine,
): Promise<void> {
  const { clockBehind = false, identity = null } = store.machines.get(id) ?? {}
  if (clockBehind) {
    let isRight = false
    for (let tries = 0; !isRight && tries < TELL_TIME_TRIES; tries++)
      isRight = await live.guest.tellTime()
    if (isRight) change(id, { clockBehind: false })
    else log('warn', 'The clock of a guest could not be set', { machine: id })
  }
  if (identity === null) return
  try {
    await introduce(live.guest.ask, identity)
    await live.setLink(true)
    change(id, { identity: null })
  } catch (error) {
    const message = 'A copy does not know yet who it is, and has no network; it is told again'
    // Once: it is tried on, more and more rarely.
    if (live.guest.whyNotUp === null) log('warn', message, { machine: id, error })
    throw error
  }
}
