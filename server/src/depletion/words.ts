/** What people are told as credits run out. */
import { type DepletionStage, graceDays, hoursOf } from '@garrison/contract/billing/depletion'
import type { Currency } from '@garrison/contract/common'
import { formatMoney } from '../money.ts'
import { graceEnds, hoursLeft, runsOutAt } from './rules.ts'

export type About = {
  readonly name: string
  readonly publicId: string
  readonly currency: Currency
  readonly balanceMicros: number
  readonly burnMicros: number
}

export type Words = { readonly subject: string; readonly text: string }

const minute = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
const letter = (about: About, ...paragraphs: string[]) =>
  [...paragraphs, `Account ${about.name} (${about.publicId})`].join('\n\n')

const untouched =
  'Nothing is deleted: disks, addresses, volumes and snapshots stay, and they go on to cost what storage costs.'

export function stageWords(
  stage: Exclude<DepletionStage, 'ok'>,
  about: About,
  { now, reclaimFrom }: { now: Date; reclaimFrom: Date | null },
): Words {
  const money = (micros: number) => formatMoney(micros, about.currency)
  const spending = `${money(about.balanceMicros)} are left, and ${money(about.burnMicros)} an hour are spent.`
  if (stage === 'depleted') {
    return {
      subject: 'Your credits are used up; your instances are being hibernated',
      text: letter(
        about,
        `Your balance is ${money(about.balanceMicros)}. To protect what is on them, all instances that run or are shut off are hibernated now, and microVMs suspended. Nothing new can be started until you add credits.`,
        reclaimFrom === null
          ? untouched
          : `Until ${minute(graceEnds(reclaimFrom))} nothing is deleted. After that instances, then volumes, then snapshots are deleted, unless you add credits.`,
        'Once there are credits, restore each instance and resume each microVM that you need: none starts by itself.',
      ),
    }
  }
  const at = runsOutAt(about, now)
  const hours = hoursLeft(about)
  return {
    subject: `Your credits last for less than ${hoursOf[stage] === 1 ? 'an hour' : `${hoursOf[stage]} hours`}`,
    text: letter(
      about,
      spending,
      at === null || hours === null
        ? 'Add credits soon.'
        : `If it goes on like this, they are used up in ${hours.toFixed(1)} hours, at ${minute(at)}. Then all instances are hibernated, and microVMs suspended.`,
      'Add credits, or stop paying for what you do not need: hibernate or delete it.',
    ),
  }
}

export function reminderWords(day: number, about: About, reclaimFrom: Date): Words {
  const ends = graceEnds(reclaimFrom)
  return {
    subject:
      day >= graceDays
        ? 'What is in your account is deleted now'
        : `What is in your account will be deleted on ${minute(ends)}`,
    text: letter(
      about,
      `Your credits are used up; the balance is ${formatMoney(about.balanceMicros, about.currency)}.`,
      day >= graceDays
        ? 'Its instances, then its volumes, then its snapshots are deleted from now on. Add credits at once to keep what is left.'
        : `Add credits before ${minute(ends)}. Otherwise its instances, then its volumes, then its snapshots are deleted.`,
    ),
  }
}

export const recoveredWords = (about: About): Words => ({
  subject: 'You have credits again',
  text: letter(
    about,
    `${formatMoney(about.balanceMicros, about.currency)} are there. Nothing starts by itself: restore the instances that you need.`,
  ),
})
