import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { Choose } from '../deploy/choose.tsx'
import { useMe } from '../shell/session.ts'
import { Button } from '../ui/button.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { TextField } from '../ui/fields.tsx'
import { money } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Loading } from '../ui/spinner.tsx'
import { tell } from '../ui/toast.tsx'
import { checkout } from './checkout.ts'

const own = 'own amount'

/** Packages or an amount of one's own, what it comes to with tax, and the payment. */
export function Buy() {
  const me = useMe()
  const offer = useQuery(reading('/api/credits/packages/'))
  const [chosen, setChosen] = useState<string | null>(null)
  const [text, setText] = useState('')
  const buy = useMutation({
    mutationFn: async () => {
      const amount = { amount: Number(text) }
      const answer = await post('/api/credits/orders/', {
        body: picked === own ? amount : { package: picked },
      })
      if (answer.checkout === null) throw new Error('This order cannot be paid here.')
      const paid = await checkout(answer.checkout)
      if (paid === null) return null
      return post('/api/credits/verify/', { body: paid })
    },
    onSuccess: async (answer) => {
      await stale('/api/balance/', '/api/credits/')
      if (answer !== null) tell('Paid. The credits are there.')
    },
  })
  if (offer.data === undefined) return <Loading what="what can be bought" />
  const { packages, minimum, maximum, tax, unavailable, currency } = offer.data
  const picked = chosen ?? packages[0]?.name ?? own
  const base =
    picked === own ? Number(text) : (packages.find((each) => each.name === picked)?.base ?? 0)
  const taxed = tax === null ? 0 : Math.round(base * tax.percent) / 100
  const reason =
    unavailable ??
    (me.role === 'member' ? 'Only owners buy credits' : null) ??
    (me.profile_complete ? null : 'Complete the profile first') ??
    (Number.isFinite(base) && base >= minimum && base <= maximum
      ? null
      : `From ${money(minimum, currency)} to ${money(maximum, currency)}`)
  return (
    <Section title="Buy credits">
      {unavailable && <Notice>{unavailable}</Notice>}
      {!me.profile_complete && (
        <Notice
          tone="warning"
          action={
            <Link to={'/profile' as string} className="text-accent underline">
              Complete it
            </Link>
          }
        >
          Your profile is not complete. Whoever buys needs an address line, a postal code and a
          country.
        </Notice>
      )}
      <div className="grid gap-x-12 gap-y-4 xl:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex flex-col gap-4">
          <Choose
            label="Package"
            value={picked}
            onValue={setChosen}
            choices={[
              ...packages.map((each) => ({
                value: each.name,
                words: each.name,
                detail: money(each.base, currency, 2),
              })),
              { value: own, words: 'Another amount' },
            ]}
          />
          {picked === own && (
            <div className="max-w-xs">
              <TextField
                label={`Amount in ${currency}`}
                inputMode="decimal"
                value={text}
                onValue={setText}
                hint={`From ${money(minimum, currency)} to ${money(maximum, currency)}.`}
              />
            </div>
          )}
        </div>
        <div className="flex flex-col gap-3">
          <Facts
            facts={[
              ['Credits', money(base || 0, currency, 2)],
              [
                tax === null ? 'Tax' : `${tax.name} ${tax.percent} %`,
                tax === null ? null : money(taxed || 0, currency, 2),
              ],
              [
                'Total',
                <strong key="total" className="font-semibold">
                  {money(base + taxed || 0, currency, 2)}
                </strong>,
              ],
            ]}
          />
          {buy.error && <Notice tone="problem">{wordsOf(buy.error)}</Notice>}
          <Button
            look="primary"
            reason={reason}
            busy={buy.isPending && 'Waiting for the payment…'}
            onClick={() => buy.mutate()}
          >
            Proceed to payment
          </Button>
          <p className="text-sm text-ink-3">
            Final and not refundable; credits never expire and have no cash value.
          </p>
        </div>
      </div>
    </Section>
  )
}
