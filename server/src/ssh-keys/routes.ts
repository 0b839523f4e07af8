import * as contract from '@garrison/contract/ssh-keys/routes'
import type { Catalog } from '../catalog/catalog.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { SshKeyService } from './service.ts'
import type { SshKey } from './store.ts'

type Deps = { db: Database; write: Write; catalog: Catalog; sshKeys: SshKeyService }

export function sshKeyRoutes(app: App, { db, write, catalog, sshKeys }: Deps) {
  const answer = (row: SshKey) => ({
    id: row.public_id,
    name: row.name,
    public_key: row.public_key,
    fingerprint: row.fingerprint,
    key_type: row.key_type,
    regions: catalog.regionNames(),
    created_at: row.created_at.toISOString(),
  })

  app.openapi(contract.listSshKeys, async (c) => {
    const { page, page_size, search, region } = c.req.valid('query')
    // Keys are in every region, so a known one filters nothing.
    if (region !== undefined) catalog.region(region)
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await sshKeys.list(db, callerOf(c), search, range)
    return c.json(
      {
        ...envelope(c, 'SSH keys retrieved successfully'),
        ssh_keys: rows.map(answer),
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.getSshKey, async (c) => {
    const key = await sshKeys.require(db, callerOf(c), c.req.valid('param').key_id)
    return c.json({ ...envelope(c, 'SSH key retrieved successfully'), ssh_key: answer(key) }, 200)
  })

  app.openapi(contract.createSshKey, (c) =>
    write(
      c,
      async (tx, caller) => {
        const { key, privateKey } = await sshKeys.create(tx, caller, c.req.valid('json'))
        return {
          ...envelope(c, 'SSH key created successfully'),
          ssh_key: answer(key),
          private_key: privateKey,
        }
      },
      { keepable: (body) => ({ ...body, private_key: null }) },
    ),
  )

  app.openapi(contract.deleteSshKey, (c) =>
    write(c, async (tx, caller) => {
      const key = await sshKeys.delete(tx, caller, c.req.valid('param').key_id)
      return { ...envelope(c, 'SSH key deleted successfully'), key_id: key.public_id }
    }),
  )
}
