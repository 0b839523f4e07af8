import * as contract from '@garrison/contract/snapshot-policies/routes'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { SnapshotPolicyService } from './service.ts'
import { policyAnswer, previewAnswer } from './view.ts'

type Deps = { db: Database; write: Write; snapshotPolicies: SnapshotPolicyService }

export function snapshotPolicyRoutes(app: App, { db, write, snapshotPolicies }: Deps) {
  app.openapi(contract.listSnapshotPolicies, async (c) => {
    const { page, page_size, search } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await snapshotPolicies.list(db, callerOf(c), search, range)
    return c.json(
      {
        ...envelope(c, 'Snapshot policies retrieved successfully'),
        policies: rows.map(({ policy, instances }) => policyAnswer(policy, instances)),
        limit: contract.policiesPerAccount,
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.createSnapshotPolicy, (c) =>
    write(c, async (tx, caller) => {
      const { policy, instances } = await snapshotPolicies.create(tx, caller, c.req.valid('json'))
      return {
        ...envelope(c, 'Snapshot policy created successfully'),
        policy: policyAnswer(policy, instances),
      }
    }),
  )

  app.openapi(contract.getSnapshotPolicy, async (c) => {
    const { policy_id } = c.req.valid('param')
    const { policy, instances } = await snapshotPolicies.get(db, callerOf(c), policy_id)
    return c.json(
      {
        ...envelope(c, 'Snapshot policy retrieved successfully'),
        policy: policyAnswer(policy, instances),
      },
      200,
    )
  })

  app.openapi(contract.changeSnapshotPolicy, (c) =>
    write(c, async (tx, caller) => {
      const { policy_id } = c.req.valid('param')
      const changed = await snapshotPolicies.change(tx, caller, policy_id, c.req.valid('json'))
      return {
        ...envelope(c, 'Snapshot policy changed successfully'),
        policy: policyAnswer(changed.policy, changed.instances),
      }
    }),
  )

  app.openapi(contract.deleteSnapshotPolicy, (c) =>
    write(c, async (tx, caller) => {
      const { policy_id } = c.req.valid('param')
      const policy = await snapshotPolicies.delete(tx, caller, policy_id)
      return {
        ...envelope(c, 'Snapshot policy deleted successfully'),
        policy_id: policy.public_id,
      }
    }),
  )

  app.openapi(contract.previewSnapshotPolicy, async (c) => {
    const { policy_id } = c.req.valid('param')
    const counts = c.req.valid('query')
    const found = await snapshotPolicies.preview(db, callerOf(c), policy_id, counts)
    return c.json(
      {
        ...envelope(c, 'Snapshot policy preview'),
        policy_id: found.policy.public_id,
        instances: found.instances.map(previewAnswer),
      },
      200,
    )
  })
}
