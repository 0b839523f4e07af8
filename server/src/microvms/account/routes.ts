/** SSH keys, API keys, the audit log and credits of the account, as clients of this dialect know them. */
import { randomBytes } from 'node:crypto'
import * as contract from '@garrison/contract/microvms/account'
import { sshKeysPerAccount } from '@garrison/contract/ssh-keys/routes'
import type { ProfileService } from '../../accounts/profile.ts'
import type { ApiKeyService } from '../../api-keys/service.ts'
import type { AuditService } from '../../audit/service.ts'
import type { BillingService } from '../../billing/service.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../database/database.ts'
import { NotFound } from '../../errors.ts'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Write } from '../../http/write.ts'
import { toDecimal } from '../../money.ts'
import type { SshKeyService } from '../../ssh-keys/service.ts'
import { apiKeyRecord, auditEvent, sshKeyRecord } from './view.ts'

type Deps = {
  db: Database
  clock: Clock
  write: Write
  sshKeys: SshKeyService
  apiKeys: ApiKeyService
  audit: AuditService
  profile: ProfileService
  billing: BillingService
}

/** For what nobody gave a name. */
const someName = (what: string) => `${what}-${randomBytes(4).toString('hex')}`

export function microvmAccountRoutes(app: App, deps: Deps) {
  sshKeyRoutes(app, deps)
  apiKeyRoutes(app, deps)
  auditRoutes(app, deps)
  const { db, profile, billing } = deps

  app.openapi(contract.whoAmI, async (c) => {
    const caller = callerOf(c)
    const { public_id, name, email } = await profile.get(db, caller)
    const { role, access, keyId } = caller
    return c.json({ id: public_id, name, email, role, access, api_key_id: keyId }, 200)
  })

  app.openapi(contract.getCreditSummary, async (c) => {
    const caller = callerOf(c)
    const { currency } = caller
    const left = toDecimal((await billing.balances(db, caller))[currency])
    const remaining = billing.mode === 'off' ? null : left
    const dollars = remaining === null || currency !== 'USD' ? null : { remaining }
    return c.json({ billing_mode: billing.mode, currency, remaining, dollars }, 200)
  })
}

function sshKeyRoutes(app: App, { db, write, sshKeys }: Deps) {
  app.openapi(contract.listMicrovmSshKeys, async (c) => {
    const range = { limit: sshKeysPerAccount, offset: 0 }
    const { rows } = await sshKeys.list(db, callerOf(c), undefined, range)
    return c.json(rows.map(sshKeyRecord), 200)
  })

  app.openapi(contract.addMicrovmSshKey, (c) =>
    write(c, async (tx, caller) => {
      const { name, public_key } = c.req.valid('json')
      const { key } = await sshKeys.create(tx, caller, {
        name: name ?? someName('key'),
        public_key,
      })
      return sshKeyRecord(key)
    }),
  )

  app.openapi(contract.deleteMicrovmSshKey, (c) =>
    write(c, async (tx, caller) => {
      const { public_id } = await sshKeys.delete(tx, caller, c.req.valid('param').key_id)
      return { id: public_id, deleted: true as const, message: 'The SSH key is deleted' }
    }),
  )
}

function apiKeyRoutes(app: App, { db, clock, write, apiKeys }: Deps) {
  app.openapi(contract.listMicrovmApiKeys, async (c) => {
    const caller = callerOf(c)
    const keys = await apiKeys.list(db, caller)
    return c.json(
      keys.map((key) => apiKeyRecord(key, caller, clock.now())),
      200,
    )
  })

  app.openapi(contract.createMicrovmApiKey, (c) =>
    write(
      c,
      async (tx, caller) => {
        const { description, expires_at } = c.req.valid('json')
        const wanted = { name: description ?? someName('key'), access: 'full', expires_at } as const
        const { key, text } = await apiKeys.create(tx, caller, wanted)
        return { ...apiKeyRecord(key, caller, clock.now()), key: text as string | null }
      },
      { keepable: (body) => ({ ...body, key: null }) },
    ),
  )

  app.openapi(contract.getMicrovmApiKey, async (c) => {
    const caller = callerOf(c)
    const key = await apiKeys.require(db, caller, c.req.valid('param').item_id)
    return c.json(apiKeyRecord(key, caller, clock.now()), 200)
  })

  app.openapi(contract.changeMicrovmApiKey, (c) =>
    write(c, async (tx, caller) => {
      const { item_id } = c.req.valid('param')
      const key = await apiKeys.rename(tx, caller, item_id, c.req.valid('json').description)
      return apiKeyRecord(key, caller, clock.now())
    }),
  )

  app.openapi(contract.revokeMicrovmApiKey, (c) =>
    write(c, async (tx, caller) => {
      const { id } = await apiKeys.revoke(tx, caller, c.req.valid('param').item_id)
      return { id, deleted: true as const, message: 'The API key is revoked' }
    }),
  )
}

function auditRoutes(app: App, { audit }: Deps) {
  app.openapi(contract.getAuditCatalog, async (c) => {
    const actions = await audit.actions(callerOf(c))
    return c.json(
      actions.map(({ action, subject_kind, count, last_at }) => ({
        ...{ action, resource_type: subject_kind, count, last_at: last_at.toISOString() },
      })),
      200,
    )
  })

  app.openapi(contract.listAuditEvents, async (c) => {
    const { limit, offset, status, action, resource_id: subject, actor } = c.req.valid('query')
    // What was refused was never written down.
    if (status === 'failure') return c.json([], 200)
    const { rows } = await audit.list(callerOf(c), { action, subject, actor }, { limit, offset })
    return c.json(rows.map(auditEvent), 200)
  })

  app.openapi(contract.getAuditEvent, async (c) => {
    const { event_id } = c.req.valid('param')
    const found = await audit.find(callerOf(c), event_id)
    if (found === undefined) throw new NotFound('Audit event', event_id)
    return c.json(auditEvent(found), 200)
  })
}
