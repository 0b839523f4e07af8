import { whyNotAllowed } from '@garrison/contract/accounts/roles'
import { deliveryStatuses } from '@garrison/contract/webhooks/states'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { NothingFound } from '../ui/empty.tsx'
import { FilterSelect } from '../ui/filters.tsx'
import { plural } from '../ui/format.ts'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Mark } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { tell, tellProblem } from '../ui/toast.tsx'
import { type Delivery, deliveryLooks } from './delivery.ts'
import { DeliveryDialog } from './delivery-dialog.tsx'
import type { DeliveriesSearch } from './routes.ts'
import type { Webhook } from './webhooks-page.tsx'

const size = 20

/** What was sent, what was answered, and once more where it is wanted. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const { page = 1, status } = useSearch({ from: '/shell/webhooks/$id' })
  const navigate = useNavigate({ from: '/webhooks/$id' })
  const { role } = useMe()
  const [shown, setShown] = useState<Delivery | null>(null)
  const list = useQuery({
    ...reading('/api/webhooks/{webhook_id}/deliveries/', {
      params: { webhook_id: webhook.id },
      query: { page, page_size: size, status },
    }),
    // Deliveries are no events themselves, so what is on its way is asked for.
    refetchInterval: ({ state }) =>
      state.data?.deliveries.some((each) => each.status === 'pending')
        ? 2_000
        : pollWhenBroken() || 30_000,
  })
  const replay = useMutation({
    mutationFn: (delivery_id: string) =>
      post('/api/webhook-deliveries/{delivery_id}/replay/', { params: { delivery_id } }),
    onSuccess: async () => {
      tell('The message is on its way again')
      await stale('/api/webhooks/')
    },
    onError: tellProblem,
  })
  const go = (change: DeliveriesSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const total = list.data?.pagination.total_count ?? 0
  const whyNotAgain =
    whyNotAllowed(role, 'webhooks.manage') ??
    (webhook.enabled ? null : 'The webhook is off; switch it on first')
  return (
    <Section
      title="Deliveries"
      aside={
        <>
          {list.data && (
            <span className="text-ink-3">{plural(total, 'delivery', 'deliveries')}</span>
          )}
          <FilterSelect
            label="State"
            all="All states"
            value={status ?? ''}
            choices={deliveryStatuses.map((each) => ({
              value: each,
              words: deliveryLooks[each].words,
            }))}
            onValue={(value) =>
              go({ status: deliveryStatuses.find((each) => each === value), page: undefined })
            }
          />
        </>
      }
    >
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="deliveries" />}
      {list.data &&
        (total > 0 ? (
          <Table
            label="What was sent"
            rows={list.data.deliveries}
            rowKey={({ id }) => id}
            columns={[
              {
                key: 'kind',
                head: 'Event',
                cell: (delivery) => (
                  <button
                    type="button"
                    className="text-left hover:text-accent"
                    onClick={() => setShown(delivery)}
                  >
                    <code>{delivery.event_kind}</code>
                  </button>
                ),
              },
              {
                key: 'status',
                head: 'State',
                cell: ({ status: state }) => (
                  <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
                    <Mark look={deliveryLooks[state].look} />
                    {deliveryLooks[state].words}
                  </span>
                ),
              },
              {
                key: 'answer',
                head: 'Last answer',
                from: 'md',
                cell: ({ attempts }) => {
                  const last = attempts.at(-1)
                  if (last === undefined) return <span className="text-ink-3">none yet</span>
                  return (
                    <span className={last.error ? 'text-problem' : 'text-ink-2'}>
                      {last.status_code ?? last.error}
                      <span className="text-ink-3"> · {last.duration_ms} ms</span>
                    </span>
                  )
                },
              },
              {
                key: 'attempts',
                head: 'Attempts',
                numeric: true,
                from: 'lg',
                cell: ({ attempts }) => attempts.length,
              },
              {
                key: 'created',
                head: 'Made',
                numeric: true,
                cell: ({ created_at }) => <Time at={created_at} />,
              },
              {
                key: 'again',
                head: <span className="sr-only">Actions</span>,
                from: 'md',
                className: 'w-32 text-right',
                cell: ({ id, event_kind, status: state }) => (
                  <Button
                    look="quiet"
                    aria-label={`Send again: ${event_kind}`}
                    busy={replay.isPending && replay.variables === id && 'Sending…'}
                    reason={whyNotAgain ?? (state === 'pending' ? 'It is still on its way' : null)}
                    onClick={() => replay.mutate(id)}
                  >
                    Send again
                  </Button>
                ),
              },
            ]}
          />
        ) : status ? (
          <NothingFound
            what="deliveries"
            onClear={() => go({ status: undefined, page: undefined })}
          />
        ) : (
          <p className="text-ink-3">Nothing was sent yet. Send a test to see what arrives.</p>
        ))}
      <Pager page={page} total={total} size={size} onPage={(next) => go({ page: next })} />
      {shown && (
        <DeliveryDialog
          delivery={list.data?.deliveries.find(({ id }) => id === shown.id) ?? shown}
          whyNotAgain={whyNotAgain}
          onAgain={() => {
            replay.mutate(shown.id)
            setShown(null)
          }}
          onClose={() => setShown(null)}
        />
      )}
    </Section>
  )
}
