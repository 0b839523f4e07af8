/** For whatever watches the server. No key, no envelope. */
import { createRoute, z } from '@hono/zod-openapi'

export const Health = z.object({ status: z.literal('ok') }).openapi('Health')

const tags = ['Health']

export const getHealth = createRoute({
  operationId: 'getHealth',
  method: 'get',
  path: '/healthz',
  summary: 'Is the process alive?',
  tags,
  security: [],
  responses: {
    200: {
      description: 'It is',
      content: { 'application/json': { schema: Health, example: { status: 'ok' as const } } },
    },
  },
})

const Check = z.object({
  ok: z.boolean(),
  /** A sentence: what is well, or what is missing and what to do. */
  detail: z.string(),
})

export const Readiness = z
  .object({
    /** All the checks are ok but `disk`: with a full one, what is there can still be seen and deleted. */
    ready: z.boolean(),
    checks: z.object({ database: Check, engines: Check, guest_image: Check, disk: Check }),
  })
  .openapi('Readiness')
export type Readiness = z.infer<typeof Readiness>

const checks = {
  database: { ok: true, detail: 'PostgreSQL answers' },
  engines: { ok: true, detail: 'LOCAL-1 answers' },
  guest_image: { ok: true, detail: 'garrison-small is built' },
  disk: { ok: true, detail: 'There is room on the disk of the data folder' },
}

const building = { ok: false, detail: 'garrison-small is being built; wait a moment' }

export const getReadiness = createRoute({
  operationId: 'getReadiness',
  method: 'get',
  path: '/readyz',
  summary: 'Can it do its work?',
  tags,
  security: [],
  responses: {
    200: {
      description: 'It can',
      content: { 'application/json': { schema: Readiness, example: { ready: true, checks } } },
    },
    503: {
      description: 'Not now',
      content: {
        'application/json': {
          schema: Readiness,
          example: { ready: false, checks: { ...checks, guest_image: building } },
        },
      },
    },
  },
})
