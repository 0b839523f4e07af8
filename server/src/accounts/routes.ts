import * as contract from '@garrison/contract/accounts/account'
import { apiKeysPerAccount } from '@garrison/contract/accounts/api-keys'
import { peoplePerAccount } from '@garrison/contract/accounts/people'
import { firewallsPerAccount } from '@garrison/contract/firewalls/schemas'
import { waitingPerAccount } from '@garrison/contract/instances/choices'
import { scriptsPerAccount } from '@garrison/contract/scripts/routes'
import { policiesPerAccount } from '@garrison/contract/snapshot-policies/routes'
import { sshKeysPerAccount } from '@garrison/contract/ssh-keys/routes'
import type { BillingService } from '../billing/service.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import type { ProfileService } from './profile.ts'
import { profileAnswer } from './profile-view.ts'

type Deps = { db: Database; write: Write; profile: ProfileService; billing: BillingService }

const limits = {
  api_keys: apiKeysPerAccount,
  people: peoplePerAccount,
  ssh_keys: sshKeysPerAccount,
  scripts: scriptsPerAccount,
  firewalls: firewallsPerAccount,
  snapshot_policies: policiesPerAccount,
  waiting_deploy_requests: waitingPerAccount,
}

export function accountRoutes(app: App, { db, write, profile, billing }: Deps) {
  app.openapi(contract.getAccount, async (c) => {
    const caller = callerOf(c)
    const account = await profile.get(db, caller)
    const { complete } = profileAnswer(account)
    const { role, access, keyId, keyName } = caller
    return c.json(
      {
        ...envelope(c, 'Account retrieved successfully'),
        account: {
          id: account.public_id,
          name: account.name,
          email: account.email,
          currency: account.currency,
          billing_mode: billing.mode,
          profile_complete: complete,
          created_at: account.created_at.toISOString(),
          person: await profile.person(db, caller),
          role,
          access,
          api_key: keyId === null ? null : { id: keyId, name: keyName ?? '' },
          limits,
        },
      },
      200,
    )
  })

  app.openapi(contract.getProfile, async (c) => {
    const account = await profile.get(db, callerOf(c))
    return c.json(
      { ...envelope(c, 'Profile retrieved successfully'), profile: profileAnswer(account) },
      200,
    )
  })

  app.openapi(contract.updateProfile, (c) =>
    write(c, async (tx, caller) => {
      const account = await profile.update(tx, caller, c.req.valid('json'))
      return { ...envelope(c, 'Profile updated successfully'), profile: profileAnswer(account) }
    }),
  )
}
