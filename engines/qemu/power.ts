/** Stopping and restarting with the guest's consent, and without it after a limit. */
import type { MachineSpec, MachineState, StopResult } from '../engine.ts'
import type { LiveMachine } from './live-machine.ts'
import type { Machines } from './machines.ts'
import { happens } from './waiting.ts'

/** A guest that is not up yet may still be reading its kernel. */
const PRESS_AGAIN_MS = 1_000
const RESTART_MS = 15_000

const CUT_OFF = { state: 'off', reason: 'requested', clean: false } as const

/** Both in the machine's turn; the signal ends the waiting, and the machine goes on. */
export async function stopMachine(
  machines: Machines,
  id: string,
  graceMs: number,
  signal: AbortSignal,
): Promise<StopResult> {
  const { record, live } = await machines.current(id)
  if (live === undefined) {
    const forced = record.power.state === 'off' && !record.power.clean
    if (record.power.state === 'on') await machines.notePower(id, CUT_OFF)
    return { forced }
  }
  // Said before it is done: a guest that shuts down while nobody listens did what it was told.
  await machines.notePower(id, { state: 'off', reason: 'requested', clean: true })
  const obeyed = await shutsDown(live, graceMs, signal).catch(async (error: unknown) => {
    await machines.notePower(id, { state: 'on' })
    throw error
  })
  if (!obeyed) await machines.notePower(id, CUT_OFF)
  await machines.end(id, live)
  return { forced: !obeyed }
}

export async function restartMachine(
  machines: Machines,
  spec: MachineSpec,
  signal: AbortSignal,
): Promise<MachineState> {
  const { live } = await machines.current(spec.id)
  if (live === undefined || (await live.runState()) !== 'running')
    return machines.ensureRunning(spec, signal)
  await machines.applyRules(spec.id, spec.rules)
  const restarted = live.nextReset
  const asked = await live.guest.askToRestart()
  if (!asked || !(await happens(restarted, RESTART_MS, signal))) await live.resetNow()
  return machines.observe(spec.id)
}

async function shutsDown(
  live: LiveMachine,
  graceMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await live.runState()) !== 'running') return false
  const end = performance.now() + graceMs
  const left = () => Math.max(0, end - performance.now())
  const wasUp = live.guest.isUp
  await live.pressPowerButton()
  if (wasUp) return happens(live.ended, left(), signal)

  if (await happens(live.ended, Math.min(PRESS_AGAIN_MS, left()), signal)) return true
  if (left() > 0) await live.pressPowerButton()
  await happens(Promise.race([live.ended, live.guest.up]), left(), signal)
  if (live.guest.isUp) await live.pressPowerButton()
  return happens(live.ended, left(), signal)
}
