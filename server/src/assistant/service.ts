/**
 * The rules for calls of models. Before a call, the most that it can cost is set aside in its row, and no
 * other call may spend that: so calls side by side never spend more than there was. Afterwards what the
 * upstream counted is charged, in one transaction with the row; a call that fails is free.
 */
import { randomInt } from 'node:crypto'
import type {
  ChatCompletionsRequest,
  FinishReason,
  ProposedCall,
} from '@garrison/contract/assistant/chat'
import type { Currency } from '@garrison/contract/common'
import { recordAudit } from '../accounts/audit.ts'
import type { AccountService } from '../accounts/service.ts'
import { balances, postTransaction } from '../billing/ledger.ts'
import type { Caller } from '../caller.ts'
import type { AssistantConfig, ConfiguredUpstream } from '../config/assistant.ts'
import { isUnavailable, type Tx, transaction } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, TooMany, ValidationError } from '../errors.ts'
import { newUuid } from '../ids.ts'
import type { Log } from '../log.ts'
import {
  callsPerRound,
  converse,
  mostCarriedBytes,
  openingOf,
  type Said,
  type Way,
} from './conversation.ts'
import { costOf, mostTokens, type Tokens } from './cost.ts'
import { createModels, type Model } from './models.ts'
import { createOpenAiUpstream } from './openai-upstream.ts'
import { createSimulatedUpstream } from './simulated-upstream.ts'
import * as store from './store.ts'
import { createToolbox, type Proposing, type ToolDeps } from './tools.ts'
import { type Upstream, UpstreamFailure } from './upstream.ts'

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** After the end of a call its row may wait this long for the database. */
const graceMs = 60_000
/** An upstream that was down is asked after the others for so long. */
const shunnedMs = 30_000
/** Where an upstream limits us and does not say for how long. */
const busySeconds = 10

/** A call that may be made: paid for, at most. */
export type Ticket = {
  readonly id: string
  readonly publicId: string
  readonly model: Model
  readonly request: ChatCompletionsRequest
  readonly toolbox: Proposing | null
  readonly most: Tokens
  readonly createdAt: Date
}

export type Answer = {
  readonly text: string
  readonly reason: FinishReason
  readonly tokens: Tokens
  readonly costMicros: number
  readonly currency: Currency
  readonly balanceMicros: number
  /** Null without tools. */
  readonly proposals: readonly ProposedCall[] | null
  readonly simulated: boolean
}

export type Listening = {
  readonly gone: AbortSignal
  readonly onText?: (text: string) => void
  readonly log: Log
}

export type AssistantDeps = ToolDeps & { config: AssistantConfig; accounts: AccountService }

export function createAssistantService(deps: AssistantDeps) {
  const { db, clock, config, accounts, billing } = deps
  const models = createModels(config, makeUpstream)
  const shunned = new Map<string, number>()
  const running = new Map<Promise<unknown>, AbortController>()

  function makeUpstream(configured: ConfiguredUpstream): Upstream {
    return configured.kind === 'simulated'
      ? createSimulatedUpstream(configured.id)
      : createOpenAiUpstream(configured, config)
  }

  /** Those that were down a moment ago come last. */
  function waysOf(model: Model): Way[] {
    const now = clock.now().getTime()
    const isShunned = ({ upstream }: Way) => (shunned.get(upstream.id) ?? 0) > now
    return model.upstreams.toSorted((a, b) => Number(isShunned(a)) - Number(isShunned(b)))
  }

  /** The most that a round can come to, and how many there may be. */
  function bounds(model: Model, request: ChatCompletionsRequest, toolbox: Proposing | null) {
    const rounds = toolbox === null ? 1 : config.tool_rounds + 1
    const messages = openingOf(request, toolbox)
    const own = Buffer.byteLength(JSON.stringify(messages))
    const ofTools =
      toolbox === null ? 0 : Buffer.byteLength(JSON.stringify(toolbox.tools)) + mostCarriedBytes
    const most = mostTokens({
      promptBytes: own + ofTools,
      messages: messages.length + (rounds - 1) * (1 + callsPerRound),
      maxTokens: request.max_tokens,
      contextLength: model.contextLength,
    })
    return { most, all: { prompt: most.prompt * rounds, completion: most.completion * rounds } }
  }

  /**
   * Checks everything and sets aside what the call may cost. Nothing is asked of anybody yet. `again`: the
   * public id of a call of the same request, which is made once more if it failed, and refused otherwise.
   */
  async function begin(
    tx: Tx,
    caller: Caller,
    request: ChatCompletionsRequest,
    again?: string,
  ): Promise<Ticket> {
    const model = models.require(request.model)
    const toolbox = request.tools === undefined ? null : createToolbox(deps, caller)
    const { most, all } = bounds(model, request, toolbox)
    const held = costOf(model.prices, all, caller.currency)
    const now = clock.now()
    await accounts.lock(tx, caller.accountId)
    const others = await store.runningOf(tx, caller.accountId, caller.currency, now)
    if (others.calls >= config.calls_per_account) {
      throw new TooMany(
        `Your account has ${others.calls} calls of models under way, which is as many as it may; wait for one to end`,
        1,
      )
    }
    if (model.prices !== null) await billing.requireCredits(tx, caller, held + others.heldMicros)
    const holding = {
      held_micros: held,
      held_until: new Date(now.getTime() + config.call_seconds * 1000 + graceMs),
    }
    const row =
      again === undefined
        ? await store.insertTransaction(tx, {
            id: newUuid(),
            public_id: newPublicId(),
            account_id: caller.accountId,
            api_key_id: caller.keyId,
            model: model.id,
            status: 'running',
            currency: caller.currency,
            ...holding,
            created_at: now,
            ended_at: null,
          })
        : await store.reopenTransaction(tx, caller.accountId, again, holding)
    if (row === undefined) throw await whyNoAnswer(tx, caller, again ?? '')
    const { id, public_id: publicId, created_at: createdAt } = row
    return { id, publicId, createdAt, model, request, toolbox, most }
  }

  /** Why a call that was made before with the same Idempotency-Key has no answer to give again. */
  async function whyNoAnswer(tx: Tx, caller: Caller, publicId: string): Promise<DomainError> {
    const row = await store.findTransaction(tx, caller.accountId, publicId)
    return row?.status === 'running'
      ? new DomainError(
          'IDEMPOTENCY_KEY_IN_USE',
          'The call with this Idempotency-Key still runs; ask again when it has ended',
        )
      : new DomainError(
          'IDEMPOTENCY_KEY_REUSED',
          'The call with this Idempotency-Key was charged and its answer is lost; use a new key for a new call',
        )
  }

  /** Makes the call to its end, also when the caller leaves. Throws errors of the domain, and {@link CallerGone}. */
  function run(ticket: Ticket, caller: Caller, listening: Listening): Promise<Answer> {
    const ended = new AbortController()
    const tooLong = () =>
      ended.abort(new UpstreamFailure('down', 'The answer of the model took too long'))
    const timer = setTimeout(tooLong, config.call_seconds * 1000)
    const call = talk(ticket, caller, listening, ended.signal).finally(() => {
      clearTimeout(timer)
      running.delete(call)
    })
    running.set(call, ended)
    return call
  }

  async function talk(
    ticket: Ticket,
    caller: Caller,
    { gone, onText = () => {}, log }: Listening,
    ended: AbortSignal,
  ): Promise<Answer> {
    const onFailure = ({ upstream }: Way, failure: UpstreamFailure) => {
      if (failure.kind === 'refused') return
      const { kind, cause } = failure
      log('warn', failure.message, { upstream: upstream.id, model: ticket.model.id, kind, cause })
      if (kind === 'down') shunned.set(upstream.id, clock.now().getTime() + shunnedMs)
    }
    const { request, toolbox, most, model } = ticket
    const parts = { request, toolbox, most, rounds: config.tool_rounds, ways: waysOf(model) }
    try {
      const said = await converse({ ...parts, gone, ended, onText, onFailure })
      return await transaction(db, (tx) => settle(tx, caller, ticket, said))
    } catch (error) {
      const failed = { status: 'failed' as const, ended_at: clock.now() }
      // If even this fails, time does the same.
      await store.endTransaction(db, caller.accountId, ticket.id, failed).catch(() => {})
      throw asDomainError(error)
    }
  }

  async function settle(tx: Tx, caller: Caller, ticket: Ticket, said: Said): Promise<Answer> {
    const { model, publicId } = ticket
    const { currency, accountId } = caller
    const costMicros = costOf(model.prices, said.tokens, currency)
    const charged = billing.mode === 'off' ? 0 : costMicros
    const now = clock.now()
    const row = await store.endTransaction(tx, accountId, ticket.id, {
      status: 'completed',
      prompt_tokens: said.tokens.prompt,
      completion_tokens: said.tokens.completion,
      cost_micros: costMicros,
      charged_micros: charged,
      ended_at: now,
    })
    if (row === undefined) {
      throw new UpstreamFailure('down', 'The call was given up before its answer was there')
    }
    if (charged > 0) {
      const posting = {
        kind: 'usage',
        description: `AI chat - ${model.id}`,
        reference: `ai:${publicId}`,
        apiKeyId: caller.keyId,
        entries: [
          { accountId, kind: 'credits' as const, currency, micros: -charged },
          { accountId: null, kind: 'usage' as const, currency, micros: charged },
        ],
      }
      await postTransaction(tx, posting, now)
    }
    const { prompt, completion } = said.tokens
    const subject = { subjectKind: 'ai-transaction', subjectId: publicId }
    const detail = { model: model.id, prompt_tokens: prompt, completion_tokens: completion }
    await recordAudit(tx, caller, { action: 'ai-chat.create', ...subject, detail }, now)
    return {
      text: said.text,
      reason: said.reason,
      tokens: said.tokens,
      costMicros,
      currency,
      balanceMicros: (await balances(tx, accountId))[currency],
      proposals: ticket.toolbox?.proposals ?? null,
      simulated: said.way.upstream.simulated,
    }
  }

  return {
    begin,
    run,

    models: () => models.all(),

    history: (caller: Caller, filter: store.UsageFilter, range: Range) =>
      store.pageOfTransactions(db, caller.accountId, caller.currency, filter, range),

    usage: (caller: Caller, filter: store.UsageFilter) =>
      store.usageByModel(db, caller.accountId, caller.currency, filter),

    /** Gives back what calls held that died with their process. */
    endAbandoned: () => store.endAbandoned(db, clock.now()),

    /** Ends all calls that are under way. */
    async close() {
      for (const ended of running.values()) {
        ended.abort(new DomainError('SERVICE_UNAVAILABLE', 'The server stops; try again shortly'))
      }
      await Promise.allSettled(running.keys())
    },
  }
}

export type AssistantService = ReturnType<typeof createAssistantService>

const newPublicId = () =>
  `AIT_${Array.from({ length: 10 }, () => base62[randomInt(base62.length)]).join('')}`

function asDomainError(error: unknown): unknown {
  if (error instanceof UpstreamFailure) {
    switch (error.kind) {
      case 'busy':
        return new TooMany(`${error.message}; try again later`, error.retryAfter ?? busySeconds)
      case 'refused':
        return new ValidationError(
          { messages: [error.message] },
          'The model does not take this request',
        )
      case 'down':
      case 'misconfigured':
      case 'nonsense':
        return new DomainError('UPSTREAM_ERROR', `${error.message}; nothing was charged`, {
          cause: error,
        })
    }
  }
  // What is committed would otherwise be answered, which is no answer yet.
  if (isUnavailable(error)) {
    return new DomainError('SERVICE_UNAVAILABLE', 'The database is not available right now', {
      cause: error,
    })
  }
  return error
}
