/** Waiting for what a command has begun, with the step that it is at. */
import { Failure } from '../failure.ts'
import type { Cloud } from './cloud.ts'

export type WaitOption = { readonly wait?: boolean }

const firstLookMs = 100
const lastLookMs = 1_500

/**
 * Waits for the latest operation of a thing, by the thing's id. `text` says what is going on, such as
 * `Stopping web-1`.
 * @throws Failure when it failed or was cancelled; what it was about is then as the server left it.
 */
export async function settle(cloud: Cloud, subject: string, text: string) {
  const { garrison, terminal } = cloud
  using progress = terminal.progress(text)
  for (let waitMs = firstLookMs; ; waitMs = Math.min(waitMs * 1.4, lastLookMs)) {
    const { operations } = await garrison.operations.list({ subject, page_size: 1 })
    const [operation] = operations
    if (operation === undefined) return null
    const { state, kind, step, error, note, id } = operation
    if (state === 'done') {
      if (note !== null) terminal.warn(note)
      return operation
    }
    if (state === 'failed' || state === 'cancelled') {
      throw new Failure(
        `${kind} ${state === 'failed' ? 'failed' : 'was cancelled'}: ${error ?? state}`,
        {
          advice: [`See its steps: ./garrison operation show ${id}`],
        },
      )
    }
    const at = state === 'undoing' ? 'taking it back' : step
    progress.update(at === null ? text : `${text} · ${at}`)
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}
