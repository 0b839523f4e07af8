import * as contract from '@garrison/contract/accounts/api-keys'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import type { ApiKeyService } from './service.ts'
import { keyAnswer } from './view.ts'

type Deps = { db: Database; clock: Clock; write: Write; apiKeys: ApiKeyService }

export function apiKeyRoutes(app: App, { db, clock, write, apiKeys }: Deps) {
  app.openapi(contract.listApiKeys, async (c) => {
    const caller = callerOf(c)
    const keys = await apiKeys.list(db, caller)
    return c.json(
      {
        ...envelope(c, 'API keys retrieved successfully'),
        api_keys: keys.map((key) => keyAnswer(key, caller, clock.now())),
        count: keys.length,
        limit: contract.apiKeysPerAccount,
      },
      200,
    )
  })

  app.openapi(contract.createApiKey, (c) =>
    write(
      c,
      async (tx, caller) => {
        const { key, text } = await apiKeys.create(tx, caller, c.req.valid('json'))
        return {
          ...envelope(c, 'API key created successfully. Keep it: it is not shown again'),
          api_key: keyAnswer(key, caller, clock.now()),
          key: text as string | null,
        }
      },
      { keepable: (body) => ({ ...body, key: null }) },
    ),
  )

  app.openapi(contract.changeApiKey, (c) =>
    write(c, async (tx, caller) => {
      const { api_key_id } = c.req.valid('param')
      const key = await apiKeys.rename(tx, caller, api_key_id, c.req.valid('json').name)
      return {
        ...envelope(c, 'API key updated successfully'),
        api_key: keyAnswer(key, caller, clock.now()),
      }
    }),
  )

  app.openapi(contract.revokeApiKey, (c) =>
    write(c, async (tx, caller) => {
      const { id } = await apiKeys.revoke(tx, caller, c.req.valid('param').api_key_id)
      return { ...envelope(c, 'API key revoked successfully'), api_key_id: id }
    }),
  )
}
