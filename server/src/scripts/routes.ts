import * as contract from '@garrison/contract/scripts/routes'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { ScriptService } from './service.ts'
import { scriptAnswer, scriptSummary } from './view.ts'

type Deps = { db: Database; write: Write; scripts: ScriptService }

export function scriptRoutes(app: App, { db, write, scripts }: Deps) {
  app.openapi(contract.listScripts, async (c) => {
    const { page, page_size, search, fields } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const filter = { search, summary: fields === 'summary' }
    const { rows, total } = await scripts.list(db, callerOf(c), filter, range)
    return c.json(
      {
        ...envelope(c, 'Startup scripts retrieved successfully'),
        scripts: rows.map(scriptSummary),
        count: rows.length,
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.createScript, (c) =>
    write(c, async (tx, caller) => {
      const script = await scripts.create(tx, caller, c.req.valid('json'))
      return {
        ...envelope(c, 'Startup script created successfully'),
        script: scriptAnswer(script),
      }
    }),
  )

  app.openapi(contract.getScript, async (c) => {
    const script = await scripts.require(db, callerOf(c), c.req.valid('param').script_id)
    return c.json(
      {
        ...envelope(c, 'Startup script retrieved successfully'),
        script: scriptAnswer(script),
      },
      200,
    )
  })

  for (const route of [contract.updateScript, contract.patchScript]) {
    app.openapi(route, (c) =>
      write(c, async (tx, caller) => {
        const { script_id } = c.req.valid('param')
        const script = await scripts.update(tx, caller, script_id, c.req.valid('json'))
        return {
          ...envelope(c, 'Startup script updated successfully'),
          script: scriptAnswer(script),
        }
      }),
    )
  }

  app.openapi(contract.deleteScript, (c) =>
    write(c, async (tx, caller) => {
      const script = await scripts.delete(tx, caller, c.req.valid('param').script_id)
      return {
        ...envelope(c, 'Startup script deleted successfully'),
        script_id: script.public_id,
      }
    }),
  )

  app.openapi(contract.deleteScripts, (c) =>
    write(c, async (tx, caller) => {
      const ids = c.req.valid('json').scripts
      const { deleted, notFound } = await scripts.deleteAll(tx, caller, ids)
      return {
        ...envelope(c, `Deleted ${deleted.length} of ${ids.length} startup scripts`),
        deleted,
        not_found: notFound,
      }
    }),
  )
}
