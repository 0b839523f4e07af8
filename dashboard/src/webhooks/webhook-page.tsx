import { whyNotAllowed } from '@garrison/contract/accounts/roles'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { patch, post } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Menu } from '../ui/menu.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Time } from '../ui/time.tsx'
import { tell, tellProblem } from '../ui/toast.tsx'
import { ChangeWebhookDialog } from './change-webhook-dialog.tsx'
import { DeleteWebhookDialog } from './delete-webhook-dialog.tsx'
import { Deliveries } from './deliveries.tsx'
import { everything } from './event-patterns.ts'
import { RotateSecretDialog } from './rotate-secret-dialog.tsx'
import { WebhookStatus } from './webhook-status.tsx'

export function WebhookPage() {
  const { id } = useParams({ from: '/shell/webhooks/$id' })
  const navigate = useNavigate()
  const { role } = useMe()
  const params = { webhook_id: id }
  const { data, isFetching, refetch } = useSuspenseQuery({
    ...reading('/api/webhooks/{webhook_id}/', { params }),
    refetchInterval: pollWhenBroken,
  })
  const { webhook } = data
  const [asked, setAsked] = useState<'change' | 'rotate' | 'delete' | null>(null)
  const close = () => setAsked(null)
  const refresh = () => stale('/api/webhooks/')
  const test = useMutation({
    mutationFn: () => post('/api/webhooks/{webhook_id}/test/', { params }),
    onSuccess: async () => {
      tell('A test message is on its way; see below what becomes of it')
      await refresh()
    },
    onError: tellProblem,
  })
  const flip = useMutation({
    mutationFn: (enabled: boolean) =>
      patch('/api/webhooks/{webhook_id}/', { params, body: { enabled } }),
    onSuccess: refresh,
    onError: tellProblem,
  })
  const denied = whyNotAllowed(role, 'webhooks.manage')
  const { host } = new URL(webhook.url)
  return (
    <Page
      guide="webhooks"
      title={host}
      tab={`Webhook ${host}`}
      lead={<WebhookStatus webhook={webhook} />}
      refresh={{
        onRefresh: () => {
          void refetch()
          void refresh()
        },
        busy: isFetching,
      }}
      calls={[
        {
          method: 'GET',
          path: `/api/webhooks/${id}/`,
          command: `garrison webhook show ${id}`,
        },
        {
          method: 'POST',
          path: `/api/webhooks/${id}/test/`,
          command: `garrison webhook test ${id}`,
        },
      ]}
      action={
        <>
          <Button
            look="primary"
            busy={test.isPending && 'Sending…'}
            reason={denied ?? (webhook.enabled ? null : 'It is off; switch it on first')}
            onClick={() => test.mutate()}
          >
            Send a test
          </Button>
          <Menu
            trigger={
              <IconButton name="More actions" icon={<Ellipsis aria-hidden className="size-4" />} />
            }
            actions={[
              { words: 'Change', reason: denied, onClick: () => setAsked('change') },
              {
                words: webhook.enabled ? 'Switch off' : 'Switch on',
                reason: denied,
                onClick: () => flip.mutate(!webhook.enabled),
              },
              { words: 'New secret', reason: denied, onClick: () => setAsked('rotate') },
              'line',
              { words: 'Delete', danger: true, reason: denied, onClick: () => setAsked('delete') },
            ]}
          />
        </>
      }
    >
      {!webhook.enabled && (
        <Notice
          tone={webhook.disabled_reason === null ? 'info' : 'problem'}
          action={
            <Button
              reason={denied}
              busy={flip.isPending && 'Switching on…'}
              onClick={() => flip.mutate(true)}
            >
              Switch on
            </Button>
          }
        >
          {webhook.disabled_reason === null
            ? 'It is off: nothing is sent, and what happens meanwhile is not sent later.'
            : `It was switched off: ${webhook.disabled_reason}. Nothing is sent until it is switched on.`}
        </Notice>
      )}
      <Section title="Settings">
        <Facts
          columns={2}
          facts={[
            [
              'Address',
              <span key="url" className="break-all">
                {webhook.url}
              </span>,
            ],
            [
              'Events',
              webhook.event_patterns.includes(everything) ? (
                'Everything'
              ) : (
                <ul key="events" className="flex flex-wrap gap-x-3">
                  {webhook.event_patterns.map((pattern) => (
                    <li key={pattern}>
                      <code>{pattern}</code>
                    </li>
                  ))}
                </ul>
              ),
            ],
            ['Description', webhook.description],
            [
              'Former secret',
              webhook.old_secret_until === null ? null : (
                <span key="old">
                  signs too, until <Time at={webhook.old_secret_until} exact />
                </span>
              ),
            ],
            ['Id', <Copyable key="id" text={webhook.id} name="Copy id" />],
            ['Created', <Time key="created" at={webhook.created_at} exact />],
          ]}
        />
      </Section>
      <Deliveries webhook={webhook} />
      {asked === 'change' && <ChangeWebhookDialog webhook={webhook} onClose={close} />}
      {asked === 'rotate' && <RotateSecretDialog webhook={webhook} onClose={close} />}
      {asked === 'delete' && (
        <DeleteWebhookDialog
          webhook={webhook}
          onClose={close}
          onDeleted={() => void navigate({ to: '/webhooks', replace: true })}
        />
      )}
    </Page>
  )
}
