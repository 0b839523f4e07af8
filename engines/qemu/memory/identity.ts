/**
 * A machine that goes on from a snapshot's memory takes itself for the one that the snapshot is of: its
 * address, its host key, its name. Its network line is cut until its guest has been told otherwise.
 */
import { randomBytes } from 'node:crypto'
import { EngineError, type MachineSpec } from '../../engine.ts'
import type { AskAgent } from '../guest/agent.ts'
import { metaData } from '../guest/identity.ts'
import { runInGuest } from '../guest/programs.ts'
import type { IdentityRecord } from '../records/records.ts'

/** Program of the guest's that makes it another machine; see guest/README.md. */
export const CONTINUE_AS = '/usr/lib/garrison/continue-as'

const INTRODUCE_MS = 30_000

export function identityOf({ address, guest }: Pick<MachineSpec, 'address' | 'guest'>) {
  return { mac: address.mac, metaData: metaData(guest) } satisfies IdentityRecord
}

/** May be done twice. Throws {@link EngineError} when the guest does not do it. */
export async function introduce(ask: AskAgent, { mac, metaData }: IdentityRecord): Promise<void> {
  // Random numbers of two that go on from the same memory would be the same.
  const random = `machine-id: ${randomBytes(16).toString('hex')}\nseed: ${randomBytes(32).toString('hex')}\n`
  const code = await runInGuest(ask, CONTINUE_AS, [mac], random + metaData, INTRODUCE_MS)
  if (code !== 0)
    throw new EngineError(`The guest did not become another machine: exit code ${code}`)
}
