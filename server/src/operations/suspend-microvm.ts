import type { Tx } from '../database/database.ts'
import { updateMicrovm } from '../microvms/vms/store.ts'
import type { OperationKind, Work } from './definition.ts'
import { microvmsOf } from './microvm-steps.ts'

type Input = Record<string, never>

const write = (
  tx: Tx,
  { operation, clock }: Work<Input>,
  set: { status: 'running' | 'suspended'; message: string | null },
) =>
  updateMicrovm(tx, operation.accountId, operation.subject.id, { ...set, updated_at: clock.now() })

/** A machine that cannot be suspended goes on; reconciliation finds one that does not. */
export const suspendMicrovm: OperationKind<Input> = {
  kind: 'suspend-microvm',
  steps: [
    {
      name: 'suspend',
      async do({ engine, operation, order }) {
        await microvmsOf(engine).ensureMicrovmSuspended(operation.subject.id, order)
        return undefined
      },
      record: (tx, work) => write(tx, work, { status: 'suspended', message: null }),
      async undo({ engine, operation, order }) {
        await microvmsOf(engine).ensureMicrovmResumed(operation.subject.id, order)
      },
    },
  ],
  failed: (tx, work, reason) =>
    write(tx, work, { status: 'running', message: `It could not be suspended: ${reason}` }),
  async cancelled() {},
}

/** One that cannot go on stays suspended, unharmed. */
export const resumeMicrovm: OperationKind<Input> = {
  kind: 'resume-microvm',
  steps: [
    {
      name: 'resume',
      async do({ engine, operation, order }) {
        await microvmsOf(engine).ensureMicrovmResumed(operation.subject.id, order)
        return undefined
      },
      record: (tx, work) => write(tx, work, { status: 'running', message: null }),
      async undo({ engine, operation, order }) {
        await microvmsOf(engine).ensureMicrovmSuspended(operation.subject.id, order)
      },
    },
  ],
  failed: (tx, work, reason) =>
    write(tx, work, { status: 'suspended', message: `It could not be resumed: ${reason}` }),
  async cancelled() {},
}
