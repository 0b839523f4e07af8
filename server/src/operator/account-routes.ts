import * as contract from '@garrison/contract/operator/accounts'
import type { AccountService } from '../accounts/service.ts'
import type { BillingService } from '../billing/service.ts'
import type { Database } from '../database/database.ts'
import { envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import { toDecimal } from '../money.ts'
import type { FoundAccount, OperatorAccountService } from './accounts.ts'

type Deps = {
  db: Database
  write: Write
  operatorAccounts: OperatorAccountService
  accounts: AccountService
  billing: BillingService
}

export function operatorAccountRoutes(app: App, deps: Deps) {
  const { db, write, operatorAccounts, accounts, billing } = deps

  app.openapi(contract.listAccounts, async (c) => {
    const { page, page_size, search, suspended } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await operatorAccounts.list(
      db,
      { search, suspended: suspended === undefined ? undefined : suspended === 'true' },
      range,
    )
    return c.json(
      {
        ...envelope(c, 'Accounts retrieved successfully'),
        accounts: rows.map(summary),
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.getOperatorAccount, async (c) => {
    const found = await operatorAccounts.details(db, c.req.valid('param').account_id)
    return c.json(
      { ...envelope(c, 'Account retrieved successfully'), account: detailed(found) },
      200,
    )
  })

  app.openapi(contract.changeAccount, async (c) => {
    const answer = await write(c, async (tx, caller) => {
      const { account_id } = c.req.valid('param')
      const changed = await operatorAccounts.change(tx, caller, account_id, c.req.valid('json'))
      return {
        ...envelope(c, 'The account was changed'),
        account: detailed(changed),
        stopped: changed.stopped,
        not_stopped: changed.notStopped,
      }
    })
    // From the next request on; other processes hear of it.
    await accounts.suspensions.refresh(db)
    return answer
  })

  app.openapi(contract.grantCredits, (c) =>
    write(c, async (tx, caller) => {
      const { account_id } = c.req.valid('param')
      const { granted, currency, micros, left } = await operatorAccounts.grant(
        tx,
        caller,
        account_id,
        c.req.valid('json'),
      )
      const message = granted ? 'Credits granted' : 'These credits were granted before'
      return {
        ...envelope(c, message),
        ...{ granted, amount: toDecimal(micros), currency, balance: toDecimal(left) },
      }
    }),
  )

  function summary({ account, facts, controls }: Omit<FoundAccount, 'people'>) {
    const [balance, burn] = [Number(facts.balance_micros), Number(facts.burn_micros)]
    const isCharged = billing.mode !== 'off' && burn > 0
    return {
      id: account.public_id,
      name: account.name,
      email: account.email,
      country: account.country,
      currency: account.currency,
      balance: toDecimal(balance),
      burn_rate: toDecimal(burn),
      hours_left: isCharged ? Math.max(0, Math.round((balance / burn) * 100) / 100) : null,
      billing_mode: billing.mode,
      stage: facts.stage ?? 'ok',
      suspended:
        controls === null || controls.suspended_at === null
          ? null
          : {
              since: controls.suspended_at.toISOString(),
              reason: controls.suspended_reason ?? '',
            },
      limits: {
        max_instances: controls?.max_instances ?? null,
        max_vcpus: controls?.max_vcpus ?? null,
        max_memory_gb: controls?.max_memory_gb ?? null,
        max_volume_gb: controls?.max_volume_gb ?? null,
        max_snapshots: controls?.max_snapshots ?? null,
        max_gpus: controls?.max_gpus ?? null,
      },
      counts: {
        instances: facts.instances,
        running: facts.running,
        microvms: facts.microvms,
        vcpus: facts.vcpus,
        memory_gb: Math.round((Number(facts.memory_mib) / 1024) * 100) / 100,
        gpus: facts.gpus,
        volumes: facts.volumes,
        volume_gb: Number(facts.volume_gb),
        snapshots: facts.snapshots,
        images: facts.images,
        api_keys: facts.api_keys,
        people: facts.people,
      },
      last_activity_at: facts.last_activity_at?.toISOString() ?? null,
      created_at: account.created_at.toISOString(),
    }
  }

  const detailed = (found: FoundAccount) => ({
    ...summary(found),
    people: found.people.map(({ joined_at, ...person }) => ({
      ...person,
      joined_at: joined_at?.toISOString() ?? null,
    })),
  })
}
