import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { money } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'

type Order = Answer<'get', '/api/credits/orders/{order_id}/'>['order']
type Party = NonNullable<Order['receipt']>['seller']

/** One purchase; once it is paid, its receipt, to print. */
export function OrderPage() {
  const { id } = useParams({ from: '/shell/credits/orders/$id' })
  const { data } = useSuspenseQuery(
    reading('/api/credits/orders/{order_id}/', { params: { order_id: id } }),
  )
  const { order } = data
  const { receipt, currency, tax_rule } = order
  return (
    <Page
      guide="credits"
      title={receipt === null ? `Order ${order.id}` : `Receipt ${receipt.number}`}
      lead={<Status status={order.state === 'paid' ? 'done' : order.state} word={order.state} />}
      calls={[{ method: 'GET', path: `/api/credits/orders/${id}/` }]}
      action={
        receipt && (
          <Button onClick={() => print()} data-print="no">
            Print
          </Button>
        )
      }
    >
      {order.problem && <Notice tone="problem">{order.problem}</Notice>}
      {receipt && (
        <div className="grid gap-8 sm:grid-cols-2">
          <Address title="From" party={receipt.seller} />
          <Address title="To" party={receipt.buyer} />
        </div>
      )}
      <Section title="Amounts">
        <Facts
          facts={[
            ['Credits', money(order.base, currency, 2)],
            [
              tax_rule === null ? 'Tax' : `${tax_rule.name} ${tax_rule.percent} %`,
              tax_rule === null ? null : money(order.tax, currency, 2),
            ],
            [
              'Total',
              <strong key="total" className="font-semibold">
                {money(order.total, currency, 2)}
              </strong>,
            ],
            ['Refunded', order.refunded > 0 ? money(order.refunded, currency, 2) : null],
            ['Ordered', <Time key="ordered" at={order.created_at} exact />],
            ['Paid', order.paid_at && <Time key="paid" at={order.paid_at} exact />],
            ['Payment', receipt && <code key="payment">{receipt.payment_id}</code>],
          ]}
        />
      </Section>
    </Page>
  )
}

const Address = ({ title, party }: { title: string; party: Party }) => (
  <section aria-label={title}>
    <h2 className="mb-1 text-sm font-medium text-ink-3">{title}</h2>
    <p className="font-medium">{party.name}</p>
    {[...party.address, party.country, party.email, party.tax_id].map(
      (line) => line && <p key={line}>{line}</p>,
    )}
  </section>
)
