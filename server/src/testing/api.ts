/** The whole HTTP application on a test world: requests without a socket. */

import type { Access, Role } from '@garrison/contract/accounts/roles'
import type { Caller } from '../caller.ts'
import { newUuid } from '../ids.ts'
import { createServer } from '../routes.ts'
import { createWorld, type WorldOptions } from './world.ts'

export type Api = Awaited<ReturnType<typeof createApi>>

export async function createApi(options: WorldOptions = {}) {
  const world = await createWorld(options)
  const { db, clock, config, regions, services, log } = world
  const disk = () => ({ ok: true, detail: 'Nobody looks at a disk here' })
  const app = createServer({ db, clock, config, regions, services, log, disk })

  async function send(
    method: string,
    path: string,
    { key, body, headers }: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
  ) {
    const response = await app.request(path, {
      method,
      headers: {
        ...(key !== undefined && { Authorization: `Api-Key ${key}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return {
      status: response.status,
      headers: response.headers,
      // Tests look into answers as they please; what they find there is what they assert.
      // biome-ignore lint/suspicious/noExplicitAny: see above
      body: (isJson && text !== '' ? JSON.parse(text) : text) as any,
    }
  }

  return {
    ...world,
    app,
    disk,
    send,

    /** An account with a key, and what it sends. */
    async client(name = 'Test', may: { role?: Role; access?: Access } = {}) {
      const caller: Caller = await world.account(name)
      const { text: key } = await world.change((tx) =>
        services.accounts.createKey(tx, caller.accountId, { name: 'test', ...may }),
      )
      const as =
        (method: string) =>
        (path: string, body?: unknown, headers: Record<string, string> = {}) =>
          send(method, path, { key, body, headers })
      return {
        caller,
        key,
        get: as('GET'),
        post: as('POST'),
        put: as('PUT'),
        patch: as('PATCH'),
        delete: as('DELETE'),
      }
    },

    /**
     * Somebody of an account, with a key that they made: of `client`'s, or of one of their own. As if they
     * had signed in.
     */
    async person({
      email = null,
      role = 'owner',
      of,
    }: {
      email?: string | null
      role?: Role
      of?: Caller
    } = {}) {
      const account: Caller = of ?? (await world.account(email ?? 'Test'))
      const now = clock.now()
      const { id } = await db
        .insertInto('people')
        .values({
          ...{ id: newUuid(), account_id: account.accountId, email, role },
          ...{ auth_user_id: newUuid(), joined_at: now, created_at: now },
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      const caller: Caller = { ...account, personId: id, role, keyId: null, keyName: null }
      const { text: key } = await world.change((tx) =>
        services.accounts.createKey(
          tx,
          account.accountId,
          { name: `key-${id.slice(-12)}`, role },
          caller,
        ),
      )
      return { id, caller, key }
    },

    /** Of the link in the mail that was written last. */
    async mailedToken() {
      const mail = await db
        .selectFrom('mails')
        .select('body')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow()
      return /token=([\w-]+)/.exec(mail.body ?? '')?.[1] ?? ''
    },
  }
}
