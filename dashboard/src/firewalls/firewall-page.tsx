import { whyNot } from '@garrison/contract/firewalls/states'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { type Answer, post } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { Page } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { AttachFirewallDialog } from './attach-firewall-dialog.tsx'
import { AddRuleDialog } from './rule-form.tsx'
import { RulesTable } from './rules-table.tsx'

type Firewall = Answer<'get', '/api/firewalls/{firewall_id}/'>['firewall']

export function FirewallPage() {
  const { id } = useParams({ from: '/shell/firewalls/$id' })
  const { tab } = useSearch({ from: '/shell/firewalls/$id' })
  const { data } = useSuspenseQuery({
    ...reading('/api/firewalls/{firewall_id}/', { params: { firewall_id: id } }),
    refetchInterval: pollWhenBroken,
  })
  const { firewall } = data
  const [asked, setAsked] = useState<'rule' | 'attach' | null>(null)
  return (
    <Page
      guide="firewall-rules"
      title={firewall.name}
      lead={
        <span className="inline-flex flex-wrap items-center gap-x-3">
          <Status
            status={firewall.status}
            word={firewall.status === 'SUCCESS' ? 'Active' : undefined}
          />
          <code className="text-sm">{firewall.id}</code>
          {firewall.region}
        </span>
      }
      calls={[
        {
          method: 'GET',
          path: `/api/firewalls/${id}/`,
          command: `garrison firewall show ${firewall.id}`,
        },
      ]}
      action={
        tab === 'vms' ? (
          <Button
            look="primary"
            reason={whyNot('attach', firewall.status)}
            onClick={() => setAsked('attach')}
          >
            Attach
          </Button>
        ) : (
          <Button
            look="primary"
            reason={whyNot('change', firewall.status)}
            onClick={() => setAsked('rule')}
          >
            Add rule
          </Button>
        )
      }
    >
      {firewall.description && <p className="max-w-prose text-ink-2">{firewall.description}</p>}
      <Tabs
        label={firewall.name}
        tabs={[
          {
            words: `Rules (${firewall.rule_count})`,
            to: '/firewalls/$id',
            params: { id },
            search: {},
            active: tab === undefined,
          },
          {
            words: `Attached VMs (${firewall.attachment_count})`,
            to: '/firewalls/$id',
            params: { id },
            search: { tab: 'vms' },
            active: tab === 'vms',
          },
        ]}
      />
      {tab === 'vms' ? (
        <Attachments firewall={firewall} />
      ) : firewall.rules.length > 0 ? (
        <RulesTable rules={firewall.rules} owner={{ firewall: id }} />
      ) : (
        <p className="text-ink-2">
          No rule yet: once this firewall is attached, nothing comes in. Add what should.
        </p>
      )}
      {asked === 'rule' && (
        <AddRuleDialog owner={{ firewall: id }} onClose={() => setAsked(null)} />
      )}
      {asked === 'attach' && (
        <AttachFirewallDialog firewall={firewall} onClose={() => setAsked(null)} />
      )}
    </Page>
  )
}

function Attachments({ firewall }: { firewall: Firewall }) {
  const [asked, setAsked] = useState<Firewall['attachments'][number] | null>(null)
  const detach = useMutation({
    mutationFn: (instance_id: string) =>
      post('/api/firewalls/{firewall_id}/detach/', {
        params: { firewall_id: firewall.id },
        body: { instance_ids: [instance_id] },
      }),
    onSuccess: async () => {
      await stale('/api/firewalls/', '/api/instances/')
      setAsked(null)
    },
  })
  if (firewall.attachments.length === 0) {
    return <p className="text-ink-2">It is attached to no instance, so its rules do nothing yet.</p>
  }
  return (
    <>
      <Table
        label="Attached VMs"
        rows={firewall.attachments}
        rowKey={(row) => row.id}
        columns={[
          {
            key: 'vm',
            head: 'VM',
            cell: ({ vm }) => (
              <Link
                to="/instances/$id"
                params={{ id: vm.instance_id }}
                className="font-medium hover:text-accent"
              >
                {vm.vm_name}
              </Link>
            ),
          },
          { key: 'state', head: 'VM status', cell: ({ vm }) => <Status status={vm.status} /> },
          {
            key: 'status',
            head: 'Attachment',
            cell: ({ status }) => (
              <Status status={status} word={status === 'SUCCESS' ? 'In force' : undefined} />
            ),
          },
          {
            key: 'detach',
            head: <span className="sr-only">Actions</span>,
            className: 'w-24',
            cell: (row) => (
              <Button
                look="quiet"
                reason={whyNot('detach', firewall.status)}
                onClick={() => setAsked(row)}
              >
                Detach
              </Button>
            ),
          },
        ]}
      />
      {asked && (
        <ConfirmDelete
          kind="firewall from"
          name={asked.vm.vm_name}
          verb="Detach"
          working="Detaching…"
          open
          onClose={() => setAsked(null)}
          onConfirm={() => detach.mutate(asked.vm.instance_id)}
          pending={detach.isPending}
          error={detach.error}
        >
          <p className="text-ink-2">
            Without any rule or firewall, everything reaches the instance.
          </p>
        </ConfirmDelete>
      )}
    </>
  )
}
