import type { ChatCompletionsResponse } from '@garrison/contract/assistant/chat'
import * as contract from '@garrison/contract/assistant/routes'
import type { RequestCaller } from '../caller.ts'
import { type Database, transaction } from '../database/database.ts'
import { ValidationError } from '../errors.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App, AppContext } from '../http/app.ts'
import { offset } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { Log } from '../log.ts'
import { CallerGone } from './conversation.ts'
import { modelAnswer } from './models.ts'
import type { AssistantService, Ticket } from './service.ts'
import { streamAnswer } from './stream.ts'
import { completion, transactionAnswer, usageTotals } from './view.ts'

type Deps = { db: Database; write: Write; assistant: AssistantService; log: Log }

export function assistantRoutes(app: App, { db, write, assistant, log }: Deps) {
  app.openapi(contract.listModels, (c) => {
    const models = assistant.models().map(modelAnswer)
    return c.json(
      { ...envelope(c, 'AI models retrieved successfully'), models, count: models.length },
      200,
    )
  })

  app.openapi(contract.createChatCompletion, async (c) => {
    const request = c.req.valid('json')
    if (!request.stream) return inOnePiece(c).catch(leaving)
    if (c.req.header('idempotency-key') !== undefined) {
      throw new ValidationError(
        { 'idempotency-key': ['A stream is not kept, so it takes no Idempotency-Key.'] },
        'Invalid request headers',
      )
    }
    const caller = callerOf(c)
    const ticket = await transaction(db, (tx) => assistant.begin(tx, caller, request))
    // The contract cannot type a stream.
    return (await streamAnswer(c, { assistant, ticket, caller, log }).catch(leaving)) as never

    function inOnePiece(context: typeof c) {
      let begun: { ticket: Ticket; caller: RequestCaller } | undefined
      async function beginAgain(id: string) {
        const caller = callerOf(context)
        const ticket = await transaction(db, (tx) => assistant.begin(tx, caller, request, id))
        return { ticket, caller }
      }
      return write(
        context,
        async (tx, asking) => {
          begun = { ticket: await assistant.begin(tx, asking, request), caller: asking }
          // Kept for the key until the answer takes its place, and never answered itself.
          return { id: begun.ticket.publicId } as ChatCompletionsResponse
        },
        {
          async afterCommit({ id }) {
            const { ticket, caller } = begun ?? (await beginAgain(id))
            const listening = { gone: context.req.raw.signal, log }
            const answer = await assistant.run(ticket, caller, listening)
            markSimulated(context, answer)
            return completion(ticket, answer, context.get('requestId'))
          },
        },
      )
    }
  })

  app.openapi(contract.getUsageSummary, async (c) => {
    const { start_date, end_date } = c.req.valid('query')
    const caller = callerOf(c)
    const models = await assistant.usage(caller, periodOf({ start_date, end_date }))
    return c.json(
      {
        ...envelope(c, 'AI usage summary retrieved successfully'),
        period: { start_date: start_date ?? null, end_date: end_date ?? null },
        ...usageTotals(models),
        currency: caller.currency,
      },
      200,
    )
  })

  app.openapi(contract.getUsageHistory, async (c) => {
    const { page, limit, model, ...period } = c.req.valid('query')
    const caller = callerOf(c)
    const range = { limit, offset: offset(page, limit) }
    const filter = { model, ...periodOf(period) }
    const { rows, total } = await assistant.history(caller, filter, range)
    return c.json(
      {
        ...envelope(c, 'AI usage history retrieved successfully'),
        transactions: rows.map(transactionAnswer),
        ...{ total, page, limit },
        total_pages: Math.ceil(total / limit),
        currency: caller.currency,
      },
      200,
    )
  })
}

/** Nobody reads this answer, which is for the log and the metrics. */
function leaving(error: unknown): never {
  if (!(error instanceof CallerGone)) throw error
  return new Response(null, { status: 499 }) as never
}

function markSimulated(c: AppContext, { simulated }: { simulated: boolean }) {
  if (simulated) c.header('Garrison-Simulated', 'true')
}

const dayMs = 24 * 60 * 60_000

/** A day counts from its beginning or to its end; a moment is itself. */
function periodOf(period: { start_date?: string | undefined; end_date?: string | undefined }) {
  const { start_date, end_date } = period
  const isDay = end_date?.length === '2026-01-10'.length
  return {
    from: start_date === undefined ? undefined : new Date(start_date),
    to: end_date === undefined ? undefined : new Date(Date.parse(end_date) + (isDay ? dayMs : 0)),
  }
}
