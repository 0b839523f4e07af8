/** What a machine's record and QEMU's words mean to others. */
import type { MachineState } from '../engine.ts'
import type { MachineRecord } from './records/records.ts'

export type Power = MachineRecord['power']

/** Of a machine with a process, in QEMU's word for it. @param whyNotUp What is wrong with its guest. */
export function stateOfRunning(
  id: string,
  runState: string,
  power: Power,
  guestUp: boolean,
  whyNotUp: string | null = null,
): MachineState {
  if (runState === 'running')
    return { id, status: 'running', guestUp, ...(whyNotUp !== null && { detail: whyNotUp }) }
  if (runState === 'shutdown') return stateOfStopped(id, afterShutdown(power), '')
  const detail =
    runState === 'io-error'
      ? "QEMU paused it because its disk could not be written; make room on the host's disk and start it"
      : `QEMU has paused it (${runState})`
  return { id, status: 'unknown', guestUp: false, detail }
}

/** Of a machine without a process, whose QEMU said `lastWords` before it ended. */
export function stateOfStopped(id: string, power: Power, lastWords: string): MachineState {
  const stopped = { id, status: 'stopped', guestUp: false } as const
  if (power.state === 'on')
    return { ...stopped, reason: 'died', detail: `Its process is gone; it last said: ${lastWords}` }
  if (power.clean) return { ...stopped, reason: power.reason }
  const detail = 'It did not shut down when asked and was cut off'
  return { ...stopped, reason: power.reason, detail }
}

/** What to record of a machine whose guest has shut down. */
export function afterShutdown(power: Power): Power {
  return { state: 'off', reason: power.state === 'on' ? 'guest' : power.reason, clean: true }
}
