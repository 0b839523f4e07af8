/** What happens, as a list of the past and as a stream. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Envelope,
  errors,
  exampleHead,
  ok,
  query,
  queryInteger,
  queryIntegerOr,
  security,
  Timestamp,
  text,
} from '../common.ts'
import { aliveEvent, aliveSeconds } from './facts.ts'
import { problemOf } from './patterns.ts'

/** At one time, of one account. */
export const streamsPerAccount = 50
/** In one query, and of one webhook. */
export const mostPatterns = 50

const patternExample = 'snapshot.*'

/** `*`, all of a subject (`snapshot.*`), or one kind; it matches some kind of event. */
export const EventPattern = z
  .string()
  .max(80)
  .superRefine((pattern, context) => {
    const problem = problemOf(pattern)
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })
  .openapi({ example: patternExample })

const patternList = z
  .string()
  .max(4_000)
  .transform((list) => list.split(',').map((pattern) => pattern.trim()))
  .pipe(z.array(EventPattern).max(mostPatterns))

/** Ids only grow, and none is given later that is smaller than one that was seen. */
const EventId = z.int().openapi({ example: 4711 })

export const Event = z
  .object({
    id: EventId,
    kind: z.string().openapi({ example: 'instance.active' }),
    subject: z.object({ kind: z.string(), id: z.string() }),
    /** What it says goes by its kind; see `GET /api/events/kinds/`. */
    data: z.record(z.string(), z.unknown()),
    created_at: Timestamp,
  })
  .openapi('Event')
export type Event = z.infer<typeof Event>

const example = {
  id: 4711,
  kind: 'instance.active',
  subject: { kind: 'instance', id: 'BRK-123456D' },
  data: { status: 'ACTIVE', previous: 'BUILD', name: 'web-1', region: 'LOCAL-1' },
  created_at: '2026-01-10T09:00:00Z',
} satisfies Event

export const EventListResponse = Envelope.extend({
  events: z.array(Event),
  /** Of this page. */
  count: z.int(),
  /** For `after`, to go on. */
  next_after: EventId,
  has_more: z.boolean(),
  /** Events after the id that was asked for are forgotten already, or the id was never given. */
  gone: z.boolean(),
}).openapi('EventListResponse')

const largestId = Number.MAX_SAFE_INTEGER
const tags = ['Events']

const filter = {
  after: queryInteger(0, largestId).openapi({
    description: 'Events after the one with this id; 0: from the oldest that is kept.',
  }),
  kinds: query(patternList).openapi({
    type: 'string',
    example: 'snapshot.*,instance.active',
    description: 'Only these kinds, separated by commas.',
  }),
  subject: query(text(64)).openapi({
    example: 'BRK-123456D',
    description: 'Only what happened to the thing with this id.',
  }),
}

/** What a browser's EventSource sends when it comes again. */
const headers = z.object({
  'last-event-id': z.string().max(20).optional().openapi({
    description: 'Of a stream: events after the one with this id. Comes before `after`.',
  }),
})

const streamWords = `\`id\` is the event's id, \`event\` its kind, \`data\` the event as in the list. Without
\`Last-Event-ID\` and \`after\` it begins now. When nothing has come for ${aliveSeconds} s, an event
\`${aliveEvent}\` says that the line is not dead. When what was asked
for is forgotten already, an event \`gone\` says so first, and the stream goes on with what there is; before the
server ends a stream, an event \`closed\` says why. An account has at most ${streamsPerAccount} streams at a time.`

const eventStream = {
  'text/event-stream': {
    schema: z.string(),
    example: `id: 4711\nevent: instance.active\ndata: ${JSON.stringify(example)}\n\n`,
  },
}

const listed = ok(EventListResponse, 'Events, oldest first', {
  ...exampleHead,
  message: 'Events retrieved successfully',
  events: [example],
  count: 1,
  next_after: 4711,
  has_more: false,
  gone: false,
})

export const listEvents = createRoute({
  operationId: 'listEvents',
  method: 'get',
  path: '/api/events/',
  summary: 'List events, or follow them',
  description: `Answers a page of the past; with \`Accept: text/event-stream\`, a stream of server-sent events.\n\n${streamWords}`,
  tags,
  security,
  request: { query: z.object({ ...filter, limit: queryIntegerOr(100, 1, 500) }), headers },
  responses: {
    200: { ...listed[200], content: { ...listed[200].content, ...eventStream } },
    ...errors(400, 403),
  },
})

export const streamEvents = createRoute({
  operationId: 'streamEvents',
  method: 'get',
  path: '/api/events/stream/',
  summary: 'Follow events',
  description: `Server-sent events, whatever is accepted.\n\n${streamWords}`,
  tags,
  security,
  request: { query: z.object(filter), headers },
  responses: {
    200: { description: 'Events as they happen', content: eventStream },
    ...errors(400, 403),
  },
})

export const EventKindListResponse = Envelope.extend({
  kinds: z.array(
    z.object({
      kind: z.string(),
      description: z.string(),
      /** JSON Schema of `data`. */
      data: z.record(z.string(), z.unknown()),
    }),
  ),
  /** The id given last, of any account: what was read after this answer is missed by no stream after it. */
  newest: EventId,
}).openapi('EventKindListResponse')

export const listEventKinds = createRoute({
  operationId: 'listEventKinds',
  method: 'get',
  path: '/api/events/kinds/',
  summary: 'List the kinds of events',
  tags,
  security,
  responses: {
    ...ok(EventKindListResponse, 'All kinds, and what their events say', {
      ...exampleHead,
      message: 'Kinds of events retrieved successfully',
      kinds: [
        {
          kind: 'snapshot.pinned',
          description: 'It cannot be deleted until it is unpinned.',
          data: { type: 'object', properties: {} },
        },
      ],
      newest: 4711,
    }),
    ...errors(),
  },
})
