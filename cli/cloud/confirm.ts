/** Before something is lost: what, by its name. */
import { Failure } from '../failure.ts'
import type { Cloud } from './cloud.ts'

/** @throws Failure when nobody can be asked, or the answer is not yes. */
export async function confirmLoss({ terminal, yes }: Cloud, loss: string) {
  if (yes) return
  if (!terminal.interactive) {
    throw new Failure(`Nobody is here to ask: ${loss}`, {
      advice: ['Say so yourself: add --yes'],
      exitCode: 2,
    })
  }
  if (!(await terminal.confirm(loss))) throw new Failure('Nothing was changed')
}
