/** What stands above every page because it concerns all of them, the gravest first. */
import type { Answer } from '../api/client.ts'
import { duration, localTime, money } from '../ui/format.ts'

type Balance = Answer<'get', '/api/balance/'>
type Budget = Answer<'get', '/api/account/budget/'>['budget']

export type Banner = {
  readonly key: string
  readonly tone: 'info' | 'warning' | 'problem'
  readonly words: string
  /** Where something is done about it. */
  readonly to?: string
  readonly link?: string
}

export type Known = {
  readonly unreachable: boolean
  readonly balance: Balance | undefined
  readonly budget: Budget | undefined
  readonly readOnly: boolean
  readonly profileComplete: boolean
  readonly path: string
  /** All of the regions that are looked at. */
  readonly simulated: boolean
}

/** The server refuses there until the profile is complete; other pages that need it say so themselves. */
const needProfile = /^\/(volume|snapshot)s(\/|$)/

export function bannersOf(known: Known): readonly Banner[] {
  const { unreachable, balance, budget, readOnly, profileComplete, path, simulated } = known
  return [
    ...(unreachable
      ? [
          {
            key: 'unreachable',
            tone: 'problem' as const,
            words:
              'The server cannot be reached. What you see is how it was; this page tries again every few seconds, and shows what has changed when it is back.',
          },
        ]
      : []),
    ...(balance ? depletion(balance) : []),
    ...(budget ? reached(budget) : []),
    ...(profileComplete || !needProfile.test(path)
      ? []
      : [
          {
            key: 'profile',
            tone: 'warning' as const,
            words:
              'Volumes and snapshots need a complete profile: an address line, a postal code and a country.',
            to: '/profile',
            link: 'Complete the profile',
          },
        ]),
    ...(readOnly
      ? [
          {
            key: 'read-only',
            tone: 'info' as const,
            words: 'This key only reads: everything can be looked at, and nothing changed.',
          },
        ]
      : []),
    ...(simulated
      ? [
          {
            key: 'simulated',
            tone: 'info' as const,
            words:
              'Simulated: machines here answer like real ones, but nothing runs behind them, and no SSH gets in.',
          },
        ]
      : []),
  ]
}

function depletion({ stage, estimated_hours_left, runs_out_at, ...rest }: Balance): Banner[] {
  const add = { to: '/credits', link: 'Add credits' }
  if (stage === 'depleted') {
    const until = rest.reclaims_at
      ? ` What is stopped may be deleted from ${localTime(new Date(rest.reclaims_at))} on.`
      : ' Nothing is deleted.'
    const words = `There are no credits: nothing new begins, and what ran is hibernated or suspended.${until}`
    return [{ key: 'depletion', tone: 'problem', words, ...add }]
  }
  if (stage === null || stage === 'ok' || estimated_hours_left === null) return []
  const { amount, currency } = rest.balance
  const at = runs_out_at ? `, until ${localTime(new Date(runs_out_at))}` : ''
  return [
    {
      key: 'depletion',
      tone: stage === 'low-1h' ? 'problem' : 'warning',
      words: `${money(amount, currency)} are left, enough for ${duration(estimated_hours_left * 3600)}${at}. Then instances are hibernated and microVMs suspended; they keep their disks.`,
      ...add,
    },
  ]
}

function reached({ reached: isReached, monthly_cap, currency, month_ends_at }: Budget): Banner[] {
  if (!isReached || monthly_cap === null) return []
  return [
    {
      key: 'budget',
      tone: 'problem',
      words: `The budget of ${money(monthly_cap, currency)} for this month is used up: instances are hibernated, microVMs suspended, and nothing new begins before ${localTime(new Date(month_ends_at))}.`,
      to: '/billing',
      link: 'Change the budget',
    },
  ]
}
