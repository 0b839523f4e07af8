import { queryOptions, useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { signOutEverywhere } from '../shell/session.ts'
import { sessionQuery } from '../sign-in/auth.ts'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { FormDialog } from '../ui/dialog.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { tellProblem } from '../ui/toast.tsx'
import { deviceOf } from './device.ts'

type Session = {
  id: string
  token: string
  createdAt: string
  updatedAt: string
  expiresAt: string
  ipAddress?: string | null
  userAgent?: string | null
}

const sessionsQuery = queryOptions({
  queryKey: ['/api/auth/list-sessions', {}] as const,
  queryFn: ({ signal }) => send<Session[]>('GET', '/api/auth/list-sessions', { signal }),
})

/** Where somebody is signed in, each of which they can end. */
export function Sessions() {
  const [leaving, setLeaving] = useState(false)
  const list = useQuery(sessionsQuery)
  const own = useQuery(sessionQuery)
  const current = own.data?.session.id
  const end = useMutation({
    mutationFn: ({ token }: Session) =>
      send('POST', '/api/auth/revoke-session', { body: { token } }),
    onSuccess: () => stale('/api/auth/list-sessions'),
    onError: tellProblem,
  })
  const sessions = [...(list.data ?? [])].sort(
    (a, b) => Number(b.id === current) - Number(a.id === current),
  )
  return (
    <Section
      title="Where you are signed in"
      aside={
        <Button
          look="quiet"
          className="text-problem"
          reason={sessions.length > 0 ? null : 'There is no session to end'}
          onClick={() => setLeaving(true)}
        >
          Sign out everywhere
        </Button>
      }
    >
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="your sessions" />}
      {sessions.length > 0 && (
        <Table
          label="Sessions"
          rows={sessions}
          rowKey={({ id }) => id}
          columns={[
            {
              key: 'device',
              head: 'Browser',
              cell: ({ id, userAgent, ipAddress }) => (
                <span title={userAgent ?? undefined}>
                  <span className="font-medium">{deviceOf(userAgent)}</span>
                  {id === current && <span className="text-ink-3"> · this one</span>}
                  <code className="block text-ink-3 md:hidden">{ipAddress}</code>
                </span>
              ),
            },
            {
              key: 'address',
              head: 'From',
              from: 'md',
              cell: ({ ipAddress }) => <code>{ipAddress || 'unknown'}</code>,
            },
            {
              key: 'since',
              head: 'Signed in',
              cell: ({ createdAt }) => <Time at={createdAt} />,
            },
            {
              key: 'until',
              head: 'Ends',
              from: 'md',
              cell: ({ expiresAt }) => <Time at={expiresAt} />,
            },
            {
              key: 'end',
              head: <span className="sr-only">Actions</span>,
              className: 'text-right',
              cell: (session) => (
                <Button
                  look="quiet"
                  aria-label={`End the session of ${deviceOf(session.userAgent)}`}
                  busy={end.isPending && end.variables.id === session.id && 'Ending…'}
                  reason={session.id === current ? 'Sign out ends this one' : null}
                  onClick={() => end.mutate(session)}
                >
                  End
                </Button>
              ),
            },
          ]}
        />
      )}
      {leaving && <SignOutEverywhere onClose={() => setLeaving(false)} />}
    </Section>
  )
}

function SignOutEverywhere({ onClose }: { onClose: () => void }) {
  const leave = useMutation({ mutationFn: signOutEverywhere })
  return (
    <FormDialog
      title="Sign out everywhere"
      open
      onClose={onClose}
      onSubmit={() => leave.mutate()}
      submit="Sign out everywhere"
      submitting="Signing out…"
      pending={leave.isPending}
      error={leave.error}
      look="danger"
    >
      <p>
        All your sessions end, this one too, and consoles that they opened close. API keys go on:
        end them under API keys.
      </p>
    </FormDialog>
  )
}
