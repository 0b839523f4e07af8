/** Programs inside a guest, started through its agent. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { EngineError } from '../../engine.ts'
import type { AskAgent } from './agent.ts'

const LOOK_EVERY_MS = 50
const ANSWER_MS = 5_000

const Started = z.object({ pid: z.int() })
const Status = z.object({ exited: z.boolean(), exitcode: z.int().optional() })

/** Answers the exit code. Throws {@link EngineError} when the guest has no such program or no end is seen. */
export async function runInGuest(
  ask: AskAgent,
  path: string,
  args: readonly string[],
  input = '',
  ms = ANSWER_MS,
): Promise<number> {
  const command = { path, arg: args, 'input-data': Buffer.from(input).toString('base64') }
  const { pid } = Started.parse(await ask('guest-exec', command, ANSWER_MS))
  const end = performance.now() + ms
  for (;;) {
    const { exited, exitcode = -1 } = Status.parse(
      await ask('guest-exec-status', { pid }, ANSWER_MS),
    )
    if (exited) return exitcode
    if (performance.now() > end)
      throw new EngineError(`${path} did not end in the guest within ${ms / 1000} s`)
    await sleep(LOOK_EVERY_MS)
  }
}
