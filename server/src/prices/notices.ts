/** Tells accounts what becomes of the price of something that they have. */
import type { Tx } from '../database/database.ts'
import { recordEvent } from '../events/outbox.ts'
import { queueMail } from '../mail/queue.ts'
import { toDecimal } from '../money.ts'
import type { Plan } from './repricing.ts'
import type { PriceChangeRow } from './store.ts'

/** `in-force`: of one that was announced before, so no mail says it again. */
type What = 'announced' | 'changed' | 'in-force' | 'withdrawn'

/** So many ids stand in a mail; the rest is a number. */
const namedInMail = 10

export const unitOf = {
  flavor: 'per hour',
  gpu_model: 'per GPU per hour',
  volume: 'per TB per hour',
  snapshot: 'per 100 GB per hour',
  hibernated: 'per hour',
} as const satisfies Record<PriceChangeRow['kind'], string>

export function nameOf({ kind, item }: Pick<PriceChangeRow, 'kind' | 'item'>): string {
  if (kind === 'snapshot') return 'snapshots'
  if (kind === 'hibernated') return 'hibernated instances'
  return kind === 'volume' ? `volumes (${item})` : item
}

/** Answers how many. */
export async function tellAccounts(
  tx: Tx,
  { change, plan, what }: { change: PriceChangeRow; plan: Plan; what: What },
  now: Date,
): Promise<number> {
  const { instances, snapshots, microvmSnapshots, volumes } = plan
  const all = [...instances, ...snapshots, ...microvmSnapshots, ...volumes]
  const byAccount = Map.groupBy(
    // One that is withdrawn would have changed what it concerned; one in force has been announced.
    all.filter((each) => each.differs),
    (each) => each.accountId,
  )
  for (const [accountId, concerned] of byAccount) {
    const { currency } = concerned[0] ?? {}
    if (currency === undefined) continue
    const micros = change[`${currency.toLowerCase() as Lowercase<typeof currency>}_micros`]
    const price = toDecimal(micros)
    await recordEvent(
      tx,
      {
        accountId,
        kind: kindOf[what],
        subjectKind: 'price',
        subjectId: change.id,
        data: {
          kind: change.kind,
          item: change.item,
          price,
          currency,
          unit: unitOf[change.kind],
          effective_from: change.effective_from.toISOString(),
          resources: concerned.length,
        },
      },
      now,
    )
    if (what === 'in-force') continue
    const text = mailText(change, what, `${price} ${currency}`, concerned)
    for (const to of await addressesOf(tx, accountId)) {
      await queueMail(tx, { accountId, to, subject: subjectOf(change, what), text }, now)
    }
  }
  return byAccount.size
}

const kindOf = {
  announced: 'price.announced',
  changed: 'price.changed',
  'in-force': 'price.changed',
  withdrawn: 'price.withdrawn',
} as const satisfies Record<What, string>

/** Those who decide about money; where nobody has joined, the address of the account. */
async function addressesOf(tx: Tx, accountId: string): Promise<string[]> {
  const owners = await tx
    .selectFrom('people')
    .select('email')
    .where('account_id', '=', accountId)
    .where('role', 'in', ['owner', 'operator'])
    .where('joined_at', 'is not', null)
    .where('removed_at', 'is', null)
    .where('email', 'is not', null)
    .execute()
  const known = owners.flatMap(({ email }) => email ?? [])
  if (known.length > 0) return known
  const { email } = await tx
    .selectFrom('accounts')
    .select('email')
    .where('id', '=', accountId)
    .executeTakeFirstOrThrow()
  return email === null ? [] : [email]
}

const day = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

function subjectOf(change: PriceChangeRow, what: What) {
  return what === 'withdrawn'
    ? `The price of ${nameOf(change)} stays as it is`
    : what === 'changed'
      ? `The price of ${nameOf(change)} has changed`
      : `The price of ${nameOf(change)} changes on ${day(change.effective_from)}`
}

function mailText(
  change: PriceChangeRow,
  what: What,
  price: string,
  concerned: readonly { publicId: string }[],
) {
  const named = concerned.slice(0, namedInMail).map((each) => each.publicId)
  const more = concerned.length - named.length
  const news =
    what === 'withdrawn'
      ? `The change of the price of ${nameOf(change)} to ${price} ${unitOf[change.kind]}, announced for ${day(change.effective_from)}, was withdrawn. Nothing changes.`
      : `From ${day(change.effective_from)} on, ${nameOf(change)} cost ${price} ${unitOf[change.kind]}. What you run is billed at that price from then on, by the minute.`
  return [
    news,
    ...(change.reason === '' || what === 'withdrawn' ? [] : [`Why: ${change.reason}`]),
    `This concerns: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
  ].join('\n\n')
}
