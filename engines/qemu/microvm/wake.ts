/** Telling a machine who it is. */
import { randomBytes } from 'node:crypto'
import { GuestError, type MicrovmIdentity, NotRunningError } from '../../engine.ts'
import { entriesOf } from './agent/guest.ts'
import type { LiveMicrovm } from './live.ts'

/** As in `/etc/machine-id`. */
export const newMachineId = () => randomBytes(16).toString('hex')

/**
 * Greets the agent and tells it who it is now, or only the time and that it was away. Random numbers of two
 * that go on from the same memory would be the same, so they are told some too.
 *
 * @param machineId Of {@link newMachineId}; empty with an identity of `null`.
 */
export async function wakeUp(
  live: Pick<LiveMicrovm, 'line'>,
  identity: MicrovmIdentity | null,
  machineId: string,
  ms: number,
): Promise<void> {
  const seed = randomBytes(64).toString('hex')
  const micros = String(Math.round((performance.timeOrigin + performance.now()) * 1000))
  const words = [identity?.hostname ?? '', machineId, seed, micros, '']
  await live.line.wake([...words, ...entriesOf(identity?.env ?? {})], ms)
}

/** What a guest can bring about, whoever is root in it: it says nothing, or nonsense, or hangs up. */
export const isItsDoing = (error: unknown): boolean =>
  error instanceof GuestError || error instanceof NotRunningError
