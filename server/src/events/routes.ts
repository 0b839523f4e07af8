import { eventKinds } from '@garrison/contract/events/kinds'
import * as contract from '@garrison/contract/events/routes'
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import { ValidationError } from '../errors.ts'
import { type AppContext, callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { Sessions } from '../sign-in/sessions.ts'
import type { EventFilter, EventService } from './service.ts'
import { eventAnswer } from './view.ts'

type Asked = EventFilter & { after?: number | undefined }

const kinds = Object.entries(eventKinds).map(([kind, { description, data }]) => ({
  kind,
  description,
  data: z.toJSONSchema(data) as Record<string, unknown>,
}))

type Deps = { db: Database; events: EventService; sessions: Sessions }

export function eventRoutes(app: App, { db, events, sessions }: Deps) {
  app.openapi(contract.listEventKinds, async (c) => {
    const newest = await events.newest(db)
    return c.json({ ...envelope(c, 'Kinds of events retrieved successfully'), kinds, newest }, 200)
  })

  app.openapi(contract.streamEvents, (c) => follow(c, c.req.valid('query')))

  app.openapi(contract.listEvents, async (c) => {
    const { limit, ...asked } = c.req.valid('query')
    if (wantsStream(c)) return follow(c, asked)
    const after = lastEventId(c) ?? asked.after ?? 0
    const found = await events.list(db, callerOf(c), { ...asked, after, limit })
    return c.json(
      {
        ...envelope(c, 'Events retrieved successfully'),
        events: found.events.map(eventAnswer),
        count: found.events.length,
        next_after: found.nextAfter,
        has_more: found.more,
        gone: found.gone,
      },
      200,
    )
  })

  async function follow(c: AppContext, asked: Asked) {
    const after = lastEventId(c) ?? asked.after
    // A HEAD asks for no stream, and would hold one open.
    if (c.req.raw.method === 'HEAD') return c.body(null, 200, streamHeaders)
    const hangUp = () => void c.env?.outgoing?.destroy()
    const cookie = c.req.header('cookie')
    const hasSession = async () => (await sessions.find(cookie)) !== null
    const stream = await events.follow(db, callerOf(c), { ...asked, after }, { hangUp, hasSession })
    return c.body(stream, 200, streamHeaders)
  }
}

const streamHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // Proxies that gather answers would gather for ever.
  'X-Accel-Buffering': 'no',
}

const wantsStream = (c: AppContext) =>
  /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(c.req.header('accept') ?? '')

/** Null: not sent, or sent empty. */
function lastEventId(c: AppContext): number | null {
  const text = c.req.header('last-event-id')?.trim()
  if (!text) return null
  const id = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(id)) return id
  throw new ValidationError({ 'last-event-id': ['Send the id of an event, a whole number.'] })
}
