/** The steps that changes to a machine share about its public address: the row says whether it is to have one. */
import { type Tx, transaction } from '../database/database.ts'
import { getInstance, updateInstance } from '../instances/store.ts'
import type { Step, Work } from './definition.ts'
import type { InstanceInput } from './machine-steps.ts'

type InstanceWork = Work<InstanceInput>

/** It has one, the same as ever, or none. The machine itself need not be there yet. */
export const ensurePublicAddress: Step<InstanceInput> = {
  name: 'public-address',
  async do({ db, engine, operation, order }) {
    const { accountId, subject } = operation
    const { public_ip } = await getInstance(db, accountId, subject.id)
    if (public_ip === 'attached') {
      const { ip } = await engine.ensurePublicAddress(subject.id, accountId, order)
      return { ip }
    }
    await engine.ensurePublicAddressGone(subject.id, order)
    return { ip: null }
  },
  async record(tx, work, { ip }) {
    await recordAddress(tx, work, ip as string | null)
  },
}

/** As it is on the row, which says so when it had to become another one. */
export async function putBackPublicAddress(work: InstanceWork) {
  const { ip } = (await ensurePublicAddress.do(work)) as { ip: string | null }
  const { accountId, subject } = work.operation
  const { public_address } = await getInstance(work.db, accountId, subject.id)
  if (public_address !== ip) await transaction(work.db, (tx) => recordAddress(tx, work, ip))
}

/** Also takes it back: for machines that do not exist yet. */
export const assignPublicAddress: Step<InstanceInput> = {
  ...ensurePublicAddress,
  async undo({ engine, operation, order }) {
    await engine.ensurePublicAddressGone(operation.subject.id, order)
  },
}

/** The machine gives it back, and gets none again until its owner asks for one. */
export const releasePublicAddress: Step<InstanceInput> = {
  name: 'release-public-address',
  async do({ engine, operation, order }) {
    await engine.ensurePublicAddressGone(operation.subject.id, order)
    return undefined
  },
  record: recordRelease,
}

/** The same on the row, in a step of others that has seen to the address. */
export async function recordRelease(tx: Tx, work: InstanceWork) {
  const { accountId, subject } = work.operation
  const { public_ip } = await getInstance(tx, accountId, subject.id)
  await updateInstance(tx, accountId, subject.id, {
    public_ip: public_ip === 'none' ? 'none' : 'detached',
    public_address: null,
    updated_at: work.clock.now(),
  })
}

async function recordAddress(tx: Tx, { operation, clock }: InstanceWork, ip: string | null) {
  await updateInstance(tx, operation.accountId, operation.subject.id, {
    public_address: ip,
    updated_at: clock.now(),
  })
}
