/** The published page: cards, six to a page, twenty-five at most. */
import { whyNot } from '@garrison/contract/firewalls/states'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { type Answer, del } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { listCall } from '../ui/api-call.tsx'
import { Button, buttonClass } from '../ui/button.tsx'
import { Card, CardGrid, Facts, Stats } from '../ui/card.tsx'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { cx } from '../ui/cx.ts'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { useLastPage } from '../ui/last-page.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'
import { AttachFirewallDialog } from './attach-firewall-dialog.tsx'
import { CreateFirewallDialog } from './create-firewall-dialog.tsx'
import type { FirewallsSearch } from './routes.ts'
import { AddRuleDialog } from './rule-form.tsx'

type Firewall = Answer<'get', '/api/firewalls/'>['firewalls'][number]
type Ask = 'rule' | 'attach' | 'delete'

const size = 6

export function FirewallsPage() {
  const { page = 1, search = '', create } = useSearch({ from: '/shell/firewalls' })
  const navigate = useNavigate({ from: '/firewalls' })
  const region = useRegion()
  const [asked, setAsked] = useState<{ what: Ask; firewall: Firewall } | null>(null)
  const list = useQuery({
    ...reading('/api/firewalls/', { query: { page, page_size: size, search, region } }),
    refetchInterval: pollWhenBroken,
  })
  const { firewalls = [], statistics, pagination, limit = 25 } = list.data ?? {}
  const total = pagination?.total_count ?? 0
  const go = (change: FirewallsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const close = () => setAsked(null)
  useLastPage(page, size, { shown: list.data?.firewalls.length, total })
  const full =
    !region && (statistics?.total_firewalls ?? 0) >= limit
      ? `You have ${limit} firewalls, which is the most; delete one first`
      : null
  const createButton = (
    <Button look="primary" reason={full} onClick={() => go({ create: true })}>
      Create firewall
    </Button>
  )
  return (
    <Page
      guide="firewalls"
      title="Firewalls"
      lead={`Rules for several instances at once. ${total} of ${limit}.`}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        listCall(
          '/api/firewalls/',
          { page, page_size: size, search, region },
          { command: 'garrison firewall list', flags: ['region', 'search'] },
        ),
      ]}
      action={createButton}
    >
      {statistics && (
        <Stats
          stats={[
            ['Total firewalls', statistics.total_firewalls],
            ['Total rules', statistics.total_rules],
            ['Attachments', statistics.attachments],
            ['Active', statistics.active],
          ]}
        />
      )}
      {(total > size || search) && (
        <SearchBox
          label="Search firewalls"
          value={search}
          onValue={(value) => go({ search: value, page: 1 })}
        />
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="firewalls" />}
      {firewalls.length > 0 && (
        <CardGrid label="Firewalls">
          {firewalls.map((firewall) => (
            <FirewallCard
              key={firewall.id}
              firewall={firewall}
              onAsk={(what) => setAsked({ what, firewall })}
            />
          ))}
        </CardGrid>
      )}
      {list.data &&
        total === 0 &&
        (search ? (
          <NothingFound what="firewalls" onClear={() => go({ search: '' })} />
        ) : (
          <Empty
            title={region ? `No firewall in ${region}` : 'No firewall yet'}
            action={createButton}
            call={(there) => ({
              method: 'POST',
              path: '/api/firewalls/',
              body: { name: 'web', region: there.region },
              command: `garrison firewall create web --region ${there.region}`,
            })}
          >
            A firewall is a set of rules with a name. Attach it to instances of its region: what no
            rule lets in is dropped, and a change reaches all of them.
          </Empty>
        ))}
      <Pager page={page} total={total} size={size} onPage={(next) => go({ page: next })} />

      {create && <CreateFirewallDialog onClose={() => go({ create: undefined })} />}
      {asked?.what === 'rule' && (
        <AddRuleDialog owner={{ firewall: asked.firewall.id }} onClose={close} />
      )}
      {asked?.what === 'attach' && (
        <AttachFirewallDialog firewall={asked.firewall} onClose={close} />
      )}
      {asked?.what === 'delete' && <DeleteDialog firewall={asked.firewall} onClose={close} />}
    </Page>
  )
}

/** Four buttons stand in one row of a card. */
const narrow = 'px-2!'

function FirewallCard({ firewall, onAsk }: { firewall: Firewall; onAsk: (what: Ask) => void }) {
  const { id, name, description, status, attachment_count } = firewall
  return (
    <Card
      title={name}
      mark={<ShieldCheck aria-hidden className="size-4" />}
      status={<Status status={status} word={status === 'SUCCESS' ? 'Active' : undefined} />}
      actions={
        <>
          <Link to="/firewalls/$id" params={{ id }} className={cx(buttonClass('plain'), narrow)}>
            View details
          </Link>
          <Button
            className={narrow}
            reason={whyNot('change', status)}
            onClick={() => onAsk('rule')}
          >
            Add rule
          </Button>
          <Button
            className={narrow}
            reason={whyNot('attach', status)}
            onClick={() => onAsk('attach')}
          >
            Attach
          </Button>
          <Button
            look="danger-ask"
            className={narrow}
            reason={
              attachment_count > 0
                ? 'It is attached to instances; detach it from them first'
                : whyNot('delete', status)
            }
            onClick={() => onAsk('delete')}
          >
            Delete
          </Button>
        </>
      }
    >
      {description && <p className="mb-2 line-clamp-2 text-ink-2">{description}</p>}
      <Facts
        columns="card"
        facts={[
          ['Region', firewall.region],
          ['Rules', firewall.rule_count],
          ['Attached VMs', attachment_count],
          ['Created', <Time key="created" at={firewall.created_at} />],
        ]}
      />
    </Card>
  )
}

function DeleteDialog({ firewall, onClose }: { firewall: Firewall; onClose: () => void }) {
  const remove = useMutation({
    mutationFn: () =>
      del('/api/firewalls/{firewall_id}/', { params: { firewall_id: firewall.id } }),
    onSuccess: async () => {
      await stale('/api/firewalls/')
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind="firewall"
      name={firewall.name}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      {firewall.rule_count > 0 && (
        <p className="text-ink-2">
          {firewall.rule_count === 1 ? 'Its rule goes' : `Its ${firewall.rule_count} rules go`} with
          it.
        </p>
      )}
    </ConfirmDelete>
  )
}
