/** Changing what machines and sessions may reach. What is wanted is in the rows; an operation brings it about. */
import type {
  EgressKnobs,
  EgressPolicy,
  EgressPolicyRequest,
} from '@garrison/contract/microvms/egress'
import { recordAudit } from '../../accounts/audit.ts'
import type { Caller } from '../../caller.ts'
import type { Clock } from '../../clock.ts'
import type { Database, Tx } from '../../database/database.ts'
import { OperationFailed } from '../../errors.ts'
import type { Hosting } from '../hosting.ts'
import type { MicrovmSessionService } from '../sessions/service.ts'
import { lockSession, setSessionEgress } from '../sessions/store.ts'
import { vmStatusOf } from '../sessions/view.ts'
import type { MicrovmService } from '../vms/service.ts'
import { type Microvm, updateMicrovm } from '../vms/store.ts'
import type { EgressRules } from './rules.ts'

type Deps = {
  clock: Clock
  hosting: Hosting
  egress: EgressRules
  microvms: MicrovmService
  microvmSessions: MicrovmSessionService
}

export function createMicrovmEgressService(deps: Deps) {
  const { clock, hosting, egress, microvms, microvmSessions } = deps

  const answer = (
    policy: EgressKnobs | null,
    of: { vm_id: string | null; session_id: string; in_force: boolean },
    region: string,
  ): EgressPolicy => ({ ...egress.policyOf(region, null), ...policy, ...of })

  const ofVm = (row: Microvm) =>
    answer(
      row.egress,
      { vm_id: row.public_id, session_id: row.session_id, in_force: row.egress_in_force },
      row.region,
    )

  /** The row says so from now on, and the machine soon. */
  async function want(tx: Tx, caller: Caller, row: Microvm, policy: EgressKnobs) {
    await updateMicrovm(tx, caller.accountId, row.id, {
      ...{ egress: JSON.stringify(policy), egress_in_force: false, updated_at: clock.now() },
    })
    const operation = await microvms.begin(tx, row, 'apply-egress', {
      ...{ whenBusy: 'wait', joinPending: true },
    })
    await microvms.audit(tx, caller, 'set-egress', row.public_id, {
      ...{ before: { egress: row.egress }, after: { egress: policy } },
    })
    return operation
  }

  async function ofSession(reader: Database | Tx, caller: Caller, id: string) {
    const session = await microvmSessions.require(reader, caller, id)
    const live = session.vm_id !== null && vmStatusOf(session) !== 'expired'
    const vm = live ? await microvms.require(reader, caller, String(session.vm_public_id)) : null
    return { session, vm }
  }

  return {
    async getOfVm(reader: Database | Tx, caller: Caller, publicId: string) {
      return ofVm(await microvms.require(reader, caller, publicId))
    },

    async setOfVm(tx: Tx, caller: Caller, publicId: string, wanted: EgressPolicyRequest) {
      const row = await microvms.lockFor(tx, caller, publicId, 'change')
      return { row, operation: await want(tx, caller, row, egress.policyOf(row.region, wanted)) }
    },

    /** `null` as the machine: the next one has it. */
    async setOfSession(tx: Tx, caller: Caller, id: string, wanted: EgressPolicyRequest) {
      const found = await ofSession(tx, caller, id)
      await lockSession(tx, caller.accountId, found.session.id)
      const policy = egress.policyOf(found.vm?.region ?? hosting.region(), wanted)
      // A machine may have been made for it meanwhile.
      const { session, vm } = await ofSession(tx, caller, id)
      await setSessionEgress(tx, caller.accountId, session.id, policy)
      const subject = { subjectKind: 'microvm-session', subjectId: session.id }
      const told = { before: { egress: session.egress }, after: { egress: policy } }
      const entry = { action: 'microvm-session.set-egress', ...subject, ...told }
      await recordAudit(tx, caller, entry, clock.now())
      if (vm === null || vm.status === 'terminating') return { vm: null, operation: null }
      const row = await microvms.lockFor(tx, caller, vm.public_id, 'change')
      return { vm: row, operation: await want(tx, caller, row, policy) }
    },

    async getOfSession(reader: Database | Tx, caller: Caller, id: string): Promise<EgressPolicy> {
      const { session, vm } = await ofSession(reader, caller, id)
      if (vm !== null) return ofVm(vm)
      const of = { vm_id: null, session_id: session.id, in_force: false }
      return answer(session.egress, of, hosting.region())
    },

    /** Waits for it; words for whoever asked when it failed. */
    async settled(caller: Caller, vmId: string, operation: string | null) {
      const row = await microvms.settled(caller, vmId, operation)
      if (row.egress_in_force || operation === null) return
      const words = `VM ${row.public_id} is ${row.status}, and the policy is not in force`
      throw new OperationFailed(`${words}; it is tried again by itself, or set it again`)
    },
  }
}

export type MicrovmEgressService = ReturnType<typeof createMicrovmEgressService>
