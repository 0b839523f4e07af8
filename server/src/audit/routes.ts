import * as contract from '@garrison/contract/audit/routes'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { AuditService } from './service.ts'
import { auditAnswer, csvHead, csvRow } from './view.ts'

export function auditRoutes(app: App, { audit }: { audit: AuditService }) {
  app.openapi(contract.listAudit, async (c) => {
    const { page, page_size, format, ...filter } = c.req.valid('query')
    const caller = callerOf(c)
    if (format === 'csv') {
      const rows = await audit.export(caller, filter)
      c.header('Content-Disposition', 'attachment; filename="audit.csv"')
      return c.body(asFile(rows), 200, {
        'Content-Type': 'text/csv; charset=utf-8; header=present',
      })
    }
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await audit.list(caller, filter, range)
    return c.json(
      {
        ...envelope(c, 'Audit log retrieved successfully'),
        entries: rows.map(auditAnswer),
        count: rows.length,
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })
}

/** Read as fast as whoever takes it. */
function asFile(rows: Awaited<ReturnType<AuditService['export']>>) {
  async function* lines() {
    yield csvHead
    for await (const row of rows) yield csvRow(row)
  }
  return ReadableStream.from(lines()).pipeThrough(new TextEncoderStream())
}
