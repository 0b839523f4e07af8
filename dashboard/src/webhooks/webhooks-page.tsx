import { whyNotAllowed } from '@garrison/contract/accounts/roles'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button } from '../ui/button.tsx'
import { Empty } from '../ui/empty.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { CreateWebhookDialog } from './create-webhook-dialog.tsx'
import { patternWords } from './event-patterns.ts'
import type { WebhooksSearch } from './routes.ts'
import { WebhookStatus } from './webhook-status.tsx'

export type Webhook = Answer<'get', '/api/webhooks/'>['webhooks'][number]

const size = 20

export function WebhooksPage() {
  const { page = 1, create } = useSearch({ from: '/shell/webhooks' })
  const navigate = useNavigate({ from: '/webhooks' })
  const { role } = useMe()
  const list = useQuery({
    ...reading('/api/webhooks/', { query: { page, page_size: size } }),
    refetchInterval: pollWhenBroken,
  })
  const total = list.data?.pagination.total_count ?? 0
  const limit = list.data?.limit
  const go = (change: WebhooksSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const createButton = (
    <Button
      look="primary"
      reason={
        whyNotAllowed(role, 'webhooks.manage') ??
        (limit !== undefined && total >= limit
          ? `An account has at most ${limit} webhooks; delete one first`
          : null)
      }
      onClick={() => go({ create: true })}
    >
      Create webhook
    </Button>
  )
  return (
    <Page
      guide="webhooks"
      title="Webhooks"
      lead={limit !== undefined && `${total} of ${limit}; each is told what happens, signed`}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: '/api/webhooks/', command: 'garrison webhook list' },
        {
          method: 'POST',
          path: '/api/webhooks/',
          body: { url: 'https://example.com/hooks', event_patterns: ['snapshot.*'] },
          command: 'garrison webhook create https://example.com/hooks --kind "snapshot.*"',
        },
      ]}
      action={createButton}
    >
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="webhooks" />}
      {list.data &&
        (total > 0 ? (
          <Table
            label="Webhooks"
            rows={list.data.webhooks}
            rowKey={({ id }) => id}
            columns={[
              {
                key: 'url',
                head: 'Address',
                cell: (webhook) => (
                  <>
                    <Link
                      to="/webhooks/$id"
                      params={{ id: webhook.id }}
                      className="line-clamp-2 break-all font-medium hover:text-accent"
                    >
                      {webhook.url}
                    </Link>
                    {webhook.description && (
                      <span className="block text-sm text-ink-3">{webhook.description}</span>
                    )}
                    <span className="block text-sm text-ink-3 md:hidden">
                      {patternWords(webhook.event_patterns)}
                    </span>
                  </>
                ),
              },
              {
                key: 'events',
                head: 'Events',
                from: 'md',
                cell: ({ event_patterns }) => (
                  <span className="text-ink-2" title={event_patterns.join(', ')}>
                    {patternWords(event_patterns)}
                  </span>
                ),
              },
              {
                key: 'status',
                head: 'State',
                className: 'whitespace-nowrap',
                cell: (webhook) => <WebhookStatus webhook={webhook} />,
              },
              {
                key: 'created',
                head: 'Created',
                numeric: true,
                from: 'lg',
                cell: ({ created_at }) => <Time at={created_at} />,
              },
            ]}
          />
        ) : (
          <Empty
            title="No webhook yet"
            action={createButton}
            call={{
              method: 'POST',
              path: '/api/webhooks/',
              body: { url: 'https://example.com/hooks', event_patterns: ['snapshot.*'] },
              command: 'garrison webhook create https://example.com/hooks --kind "snapshot.*"',
            }}
          >
            An address of yours is told what happens here, as it happens: a snapshot is ready, an
            instance is in trouble, credits run low. Messages are signed, tried again for a day, and
            can be sent once more.
          </Empty>
        ))}
      <Pager page={page} total={total} size={size} onPage={(next) => go({ page: next })} />
      {create && <CreateWebhookDialog onClose={() => go({ create: undefined })} />}
    </Page>
  )
}
