import { whyNotAllowed } from '@garrison/contract/accounts/roles'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { type Answer, post } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { Menu } from '../ui/menu.tsx'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { type Look, Mark } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { tell, tellProblem } from '../ui/toast.tsx'
import { ChangeRoleDialog } from './change-role-dialog.tsx'
import { InviteDialog } from './invite-dialog.tsx'
import { whyNoInvitation, whyNoRoleChange, whyNotRemove } from './reasons.ts'
import { RemovePersonDialog } from './remove-person-dialog.tsx'
import type { PeopleSearch } from './routes.ts'

export type Person = Answer<'get', '/api/account/people/'>['people'][number]

const looks: Record<Person['status'], { look: Look; words: string }> = {
  active: { look: 'running', words: 'Belongs' },
  invited: { look: 'changing', words: 'Invited' },
  expired: { look: 'warning', words: 'Expired' },
}

export function PeoplePage() {
  const { search = '', invite } = useSearch({ from: '/shell/people' })
  const navigate = useNavigate({ from: '/people' })
  const me = useMe()
  const [asked, setAsked] = useState<{ what: 'role' | 'remove'; person: Person } | null>(null)
  const list = useQuery({
    ...reading('/api/account/people/'),
    refetchInterval: pollWhenBroken,
  })
  const { people: all = [], limit } = list.data ?? {}
  const wanted = search.toLowerCase()
  const people = all.filter(({ name, email }) =>
    `${name} ${email ?? ''}`.toLowerCase().includes(wanted),
  )
  const go = (change: PeopleSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const resend = useMutation({
    mutationFn: ({ id }: Person) =>
      post('/api/account/people/{person_id}/invitation/', { params: { person_id: id } }),
    onSuccess: async ({ person }) => {
      tell(`The invitation was sent to ${person.email} again; the former link works no more`)
      await stale('/api/account/people/')
    },
    onError: tellProblem,
  })
  const inviteButton = (
    <Button
      look="primary"
      reason={
        whyNotAllowed(me.role, 'people.manage') ??
        (limit !== undefined && all.length >= limit
          ? `An account has at most ${limit} people; remove somebody first`
          : null)
      }
      onClick={() => go({ invite: true })}
    >
      Invite
    </Button>
  )
  const call = {
    method: 'POST',
    path: '/api/account/people/',
    body: { email: 'grace@example.org', role: 'member' },
    command: 'garrison person invite grace@example.org',
  }
  return (
    <Page
      guide="people"
      title="People"
      lead={
        limit !== undefined &&
        (search
          ? `${people.length} of ${all.length} match “${search}”`
          : `${all.length} of ${limit}; they share what is in the account`)
      }
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: '/api/account/people/', command: 'garrison person list' },
        call,
      ]}
      action={inviteButton}
    >
      {(all.length > 5 || search) && (
        <SearchBox
          label="Search people"
          value={search}
          onValue={(value) => go({ search: value || undefined })}
        />
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="people" />}
      {people.length > 0 && (
        <Table
          label="People"
          rows={people}
          rowKey={({ id }) => id}
          columns={[
            {
              key: 'name',
              head: 'Name',
              cell: ({ name, email, current, role }) => (
                <div className="min-w-40">
                  <span className="font-medium">{name || email || 'Whoever set this up'}</span>
                  {current && <span className="text-ink-3"> · you</span>}
                  {name && email && (
                    <span className="block break-all text-sm text-ink-3">{email}</span>
                  )}
                  <span className="block text-sm text-ink-3 md:hidden">{role}</span>
                </div>
              ),
            },
            { key: 'role', head: 'Role', from: 'md', cell: ({ role }) => role },
            {
              key: 'status',
              head: 'State',
              className: 'whitespace-nowrap',
              cell: ({ status, invitation_expires_at }) => (
                <span className="inline-flex items-center gap-1.5">
                  <Mark look={looks[status].look} />
                  <span>
                    {looks[status].words}
                    {status === 'invited' && invitation_expires_at && (
                      <span className="hidden text-ink-3 lg:inline">
                        , until <Time at={invitation_expires_at} />
                      </span>
                    )}
                  </span>
                </span>
              ),
            },
            {
              key: 'since',
              head: 'Since',
              numeric: true,
              from: 'md',
              cell: ({ joined_at, invited_at }) => {
                const at = joined_at ?? invited_at
                return at === null ? null : <Time at={at} />
              },
            },
            {
              key: 'menu',
              head: <span className="sr-only">Actions</span>,
              className: 'w-10 text-right',
              cell: (person) => (
                <Menu
                  trigger={
                    <IconButton
                      name={`Actions for ${person.name || person.email || 'this person'}`}
                      icon={<Ellipsis aria-hidden className="size-4" />}
                    />
                  }
                  actions={[
                    {
                      words: 'Change role',
                      reason: whyNoRoleChange(person, all, me.role),
                      onClick: () => setAsked({ what: 'role', person }),
                    },
                    {
                      words: 'Send invitation again',
                      reason: whyNoInvitation(person, me.role),
                      onClick: () => resend.mutate(person),
                    },
                    'line',
                    {
                      words: person.current ? 'Leave the account' : 'Remove',
                      danger: true,
                      reason: whyNotRemove(person, all, me.role),
                      onClick: () => setAsked({ what: 'remove', person }),
                    },
                  ]}
                />
              ),
            },
          ]}
        />
      )}
      {list.data &&
        people.length === 0 &&
        (all.length > 0 ? (
          <NothingFound what="people" onClear={() => go({ search: undefined })} />
        ) : (
          <Empty title="Nobody yet" action={inviteButton} call={call}>
            So far only keys act here. Invite yourself first, then others: members use the account,
            owners also decide about people, keys, profile and money.
          </Empty>
        ))}
      {invite && (
        <InviteDialog
          known={all.map(({ email }) => email)}
          onClose={() => go({ invite: undefined })}
        />
      )}
      {asked?.what === 'role' && (
        <ChangeRoleDialog person={asked.person} people={all} onClose={() => setAsked(null)} />
      )}
      {asked?.what === 'remove' && (
        <RemovePersonDialog person={asked.person} onClose={() => setAsked(null)} />
      )}
    </Page>
  )
}
