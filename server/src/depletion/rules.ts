/**
 * What running out of credits leads to, as plain functions of plain data:
 *
 *     ok ─▶ low-24h ─▶ low-6h ─▶ low-1h ─▶ depleted ─▶ (grace, then reclaiming where configured)
 *      ▲        │          │         │          │
 *      └────────┴──────────┴─────────┴──────────┘  once credits last for half as long again
 *
 * Each stage is told of once per fall. Somebody who starts and stops a machine in turns must not be told
 * each time, so a stage is left only with a margin, and is told of again only when credits have risen
 * since or half a day has passed.
 */
import {
  type DepletionStage,
  depletionStages,
  graceDays,
  hoursOf,
  reminderDays,
} from '@garrison/contract/billing/depletion'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

/** Hours beyond a stage's own, as a share of them, that end it. */
const margin = 1.5
const quietMs = 12 * hourMs

/** Money in micro-units of the account's currency. */
export type Funds = {
  readonly balanceMicros: number
  /** Per hour, of everything that is billed right now. */
  readonly burnMicros: number
}

/** What is known of an account from before. */
export type Standing = {
  readonly stage: DepletionStage
  /** The worst that was told since it was last well, when, and what the balance was then. */
  readonly told: DepletionStage
  readonly toldAt: Date | null
  readonly toldBalanceMicros: number | null
}

export const wellOff: Standing = { stage: 'ok', told: 'ok', toldAt: null, toldBalanceMicros: null }

/** At the present rate; null when nothing is spent. Not below 0. */
export function hoursLeft({ balanceMicros, burnMicros }: Funds): number | null {
  return burnMicros <= 0 ? null : Math.max(0, balanceMicros / burnMicros)
}

/** The last moment that a date can name, so that pennies an hour out of millions have one too. */
const endOfTime = 8.64e15

export function runsOutAt(funds: Funds, now: Date): Date | null {
  const hours = hoursLeft(funds)
  if (hours === null) return null
  return new Date(Math.min(endOfTime, now.getTime() + hours * hourMs))
}

/** @param factor Of the hours that each stage stands for. */
function stageWith(funds: Funds, factor: number): DepletionStage {
  if (funds.balanceMicros <= 0) return 'depleted'
  const hours = hoursLeft(funds)
  if (hours === null) return 'ok'
  if (hours < hoursOf['low-1h'] * factor) return 'low-1h'
  if (hours < hoursOf['low-6h'] * factor) return 'low-6h'
  return hours < hoursOf['low-24h'] * factor ? 'low-24h' : 'ok'
}

export const stageOf = (funds: Funds): DepletionStage => stageWith(funds, 1)

export const isWorse = (one: DepletionStage, other: DepletionStage) =>
  depletionStages.indexOf(one) > depletionStages.indexOf(other)

export type Verdict = Standing & {
  /** The stage that people are to be told of now. */
  readonly tell: DepletionStage | null
  /** Out of depletion. */
  readonly recovered: boolean
}

export function judge(before: Standing, funds: Funds, now: Date): Verdict {
  const falls = stageOf(funds)
  // What is above nothing is not depleted, with or without a margin.
  const holds =
    before.stage === 'depleted' && funds.balanceMicros > 0 ? falls : stageWith(funds, margin)
  const stage = isWorse(falls, before.stage)
    ? falls
    : isWorse(before.stage, holds)
      ? holds
      : before.stage
  const recovered = before.stage === 'depleted' && stage !== 'depleted'
  // Everything that may come after a recovery is news again.
  if (recovered) return { ...wellOff, stage, told: stage, tell: null, recovered }
  if (!isWorse(stage, before.stage)) return { ...before, stage, tell: null, recovered }
  const told = isWorse(stage, before.told) || mayTellAgain(before, funds, now)
  return told
    ? {
        stage,
        tell: stage,
        told: stage,
        toldAt: now,
        toldBalanceMicros: funds.balanceMicros,
        recovered,
      }
    : { ...before, stage, tell: null, recovered }
}

function mayTellAgain(
  { toldAt, toldBalanceMicros }: Standing,
  { balanceMicros }: Funds,
  now: Date,
) {
  if (toldAt === null || toldBalanceMicros === null) return true
  return balanceMicros > toldBalanceMicros || now.getTime() - toldAt.getTime() >= quietMs
}

/** Down to where what is kept is charged: seven days of it. @param storageMicros Per hour. */
export const floorOf = (storageMicros: number) => 0 - storageMicros * 24 * graceDays

export const graceEnds = (from: Date) => new Date(from.getTime() + graceDays * dayMs)

/**
 * What is due of a grace that began at `from`: the day whose reminder is to be sent, or nothing, and
 * whether things may be deleted. Nobody loses things without all the reminders and the time between them:
 * when several are due at once, since no server ran or the clock jumped, the first one is sent, and the
 * grace goes on from there.
 */
export function graceAt(
  from: Date,
  remindedDay: number,
  now: Date,
): { from: Date; remind: number | null; reclaim: boolean } {
  const days = (now.getTime() - from.getTime()) / dayMs
  const [due, another] = reminderDays.filter((day) => day <= days && day > remindedDay)
  if (due === undefined) return { from, remind: null, reclaim: days >= graceDays }
  const began = another === undefined ? from : new Date(now.getTime() - due * dayMs)
  return { from: began, remind: due, reclaim: false }
}

/** What is known of an account whose credits are used up. */
export type Depleted = {
  readonly burnMicros: number
  readonly floorMicros: number | null
  readonly reclaimFrom: Date | null
  readonly remindedDay: number
  /** It has machines that are not hibernated, or that keep their capacity. */
  readonly isAwake: boolean
  readonly ownsAnything: boolean
}

/** Nothing is to be done about it now: so are most of them, and for long. @param reclaim As configured. */
export function isAtRest(account: Depleted, reclaim: boolean, now: Date): boolean {
  const { burnMicros, floorMicros, reclaimFrom, remindedDay, isAwake, ownsAnything } = account
  if (isAwake || floorMicros === null || floorMicros > floorOf(burnMicros)) return false
  if (!reclaim || reclaimFrom === null) return !reclaim && reclaimFrom === null
  const due = graceAt(reclaimFrom, remindedDay, now)
  return due.remind === null && !(due.reclaim && ownsAnything)
}
