/** Who did what: a row for every write of the account, also for those that only began something. */
import { createRoute, z } from '@hono/zod-openapi'
import { PersonReference } from '../accounts/api-keys.ts'
import {
  Envelope,
  errors,
  exampleHead,
  Pagination,
  page,
  pageSize,
  paginationExample,
  query,
  security,
  Timestamp,
  text,
} from '../common.ts'

/** Rows of one export; of more, ask for a shorter time. */
export const mostExportedRows = 100_000

const Fields = z.record(z.string(), z.unknown())

export const AuditRow = z
  .object({
    id: z.int(),
    at: Timestamp,
    /** All null: whoever has the host, or something that the account had arranged to happen. */
    actor: z
      .object({
        person: PersonReference.nullable(),
        api_key: z.object({ id: z.string(), name: z.string() }).nullable(),
      })
      .openapi('AuditActor'),
    /** `subject.verb`, such as `instance.create`. */
    action: z.string(),
    subject: z
      .object({
        kind: z.string(),
        id: z.string(),
        /** As it was called then, where the row says. */
        name: z.string().nullable(),
      })
      .openapi('AuditSubject'),
    /** Of a change: the fields that changed, as they were. Never with secrets. */
    before: Fields.nullable(),
    /** And as they are from then on. */
    after: Fields.nullable(),
    detail: Fields,
    /** Where the request came from. */
    address: z.string().nullable(),
    request_id: z.string().nullable(),
  })
  .openapi('AuditRow')
export type AuditRow = z.infer<typeof AuditRow>

const moment = (example: string) => query(z.iso.datetime()).openapi({ example })

const example = {
  id: 4711,
  at: '2026-01-10T09:00:00Z',
  actor: {
    person: {
      id: '0198c0de-0000-7000-8000-000000000002',
      name: 'Ada Lovelace',
      email: 'ada@example.org',
    },
    api_key: { id: '0198c0de-0000-7000-8000-000000000001', name: 'ci' },
  },
  action: 'volume.resize',
  subject: { kind: 'volume', id: 'BRK-123456V', name: 'data' },
  before: { size_gb: 100 },
  after: { size_gb: 200 },
  detail: {},
  address: '192.0.2.7',
  request_id: 'a1b2c3d4',
} as const satisfies AuditRow

const AuditResponse = Envelope.extend({
  entries: z.array(AuditRow),
  count: z.int(),
  pagination: Pagination,
}).openapi('AuditResponse')

export const listAudit = createRoute({
  operationId: 'listAudit',
  method: 'get',
  path: '/api/audit/',
  summary: 'List who did what',
  description: `Newest first. With \`format=csv\`, for owners, everything that fits the filters as a file, oldest first, at most ${mostExportedRows} rows.`,
  tags: ['Account'],
  security,
  request: {
    query: z.object({
      page,
      page_size: pageSize,
      /** An action or its beginning: `volume.` */
      action: query(text(100)).openapi({ example: 'volume.' }),
      /** Id of a person or of a key, an e-mail address, or the name of a key. */
      actor: query(text(254)).openapi({ example: 'ada@example.org' }),
      /** Id of what it was done to. */
      subject: query(text(64)).openapi({ example: 'BRK-123456V' }),
      /** Not before then. */
      from: moment('2026-01-01T00:00:00Z'),
      /** Before then. */
      to: moment('2026-02-01T00:00:00Z'),
      format: query(z.enum(['json', 'csv'])).openapi({ example: 'json' }),
    }),
  },
  responses: {
    200: {
      description: 'The rows',
      content: {
        'application/json': {
          schema: AuditResponse,
          example: {
            ...exampleHead,
            message: 'Audit log retrieved successfully',
            entries: [example],
            count: 1,
            pagination: paginationExample,
          },
        },
        'text/csv': { schema: z.string() },
      },
    },
    ...errors(400, 403),
  },
})
