/**
 * The environment that a machine was given at start, while its guest is without it: no snapshot may have it, so the
 * guest lets go of it before its memory is copied. Its record has it from before the guest lets go until it is
 * there again, and whoever makes a line to the guest gives it back first; so a server that dies in between
 * loses nothing, and nothing is begun in the guest without it.
 */
import { EngineError } from '../../engine.ts'
import { fields } from './agent/frames.ts'
import { entriesOf } from './agent/guest.ts'
import type { MicrovmHost } from './host.ts'
import type { LiveMicrovm } from './live.ts'
import type { MicrovmRecord } from './records.ts'

export type Keeper = (given: Buffer) => Promise<void>

type Holder = Pick<MicrovmHost, 'machines' | 'options'>

/** For the guest to say that it has it; it was told before, and is told again when it does not. */
const ARRIVAL_MS = 5_000

export const givenOf = (record: MicrovmRecord | undefined): Buffer =>
  Buffer.from(record?.given ?? '', 'base64')

/** Of a guest that boots and has lost all that it had: at least what every machine of its image is given. */
export function givenAtBoot({ given, env }: MicrovmRecord): string {
  return given === '' ? fields(entriesOf(env)).toString('base64') : given
}

/**
 * What keeps it while the machine is captured, in its turn; `null`: it was given nothing of its own.
 * Safe from the end of this process; the guest does not outlive a power failure either.
 */
export function keeperOf({ machines }: Holder, id: string): Keeper | null {
  if (machines.get(id)?.hasOwnEnv === false) return null
  return async (given) => {
    const record = machines.get(id)
    if (record === undefined) throw new EngineError('It was removed meanwhile')
    await machines.put(id, { ...record, given: given.toString('base64') }, { durable: false })
  }
}

/**
 * Once the guest has it, the record has it no longer. May be repeated. In the machine's turn, while it runs;
 * when its guest does not answer, the record keeps it for the next line.
 */
export async function giveBack(
  { machines, options }: Holder,
  id: string,
  live: LiveMicrovm,
): Promise<void> {
  const given = givenOf(machines.get(id))
  if (given.length === 0) return
  try {
    await live.giveBack(given, ARRIVAL_MS)
    const record = machines.get(id)
    if (record !== undefined) await machines.put(id, { ...record, given: '' }, { durable: false })
  } catch (error) {
    options.log('info', 'a microVM has not got its environment back yet', { microvm: id, error })
  }
}
