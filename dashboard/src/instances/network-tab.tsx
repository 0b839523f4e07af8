import { whyNot } from '@garrison/contract/instances/states'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { AddRuleDialog } from '../firewalls/rule-form.tsx'
import { RulesTable } from '../firewalls/rules-table.tsx'
import { Button } from '../ui/button.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { FormDialog } from '../ui/dialog.tsx'
import { Notice } from '../ui/notice.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { useInstance } from './use-instance.ts'

export function NetworkTab() {
  const instance = useInstance()
  const { instance_id, status, ip_address, private_ip, ip_status } = instance
  const [asked, setAsked] = useState<'rule' | 'address' | null>(null)
  const isPublic = ip_address !== null && ip_address !== private_ip
  return (
    <>
      <Section
        title="Addresses"
        aside={
          <Button reason={whyNot('toggle-public-ip', status)} onClick={() => setAsked('address')}>
            {isPublic ? 'Give up the public address' : 'Ask for a public address'}
          </Button>
        }
      >
        <Facts
          facts={[
            ['Public', isPublic ? ip_address : 'none'],
            ['Private', private_ip ?? 'not yet'],
            ['State', ip_status],
          ]}
        />
      </Section>
      <Section
        title="Rules of this instance"
        aside={
          <Button reason={whyNot('add-security-rule', status)} onClick={() => setAsked('rule')}>
            Add rule
          </Button>
        }
      >
        {instance.security_rules.length > 0 ? (
          <RulesTable
            rules={instance.security_rules}
            owner={{ instance: instance_id }}
            reason={whyNot('add-security-rule', status)}
          />
        ) : (
          <p className="text-ink-2">
            None.{' '}
            {instance.firewalls.length > 0
              ? 'Only its firewalls decide.'
              : 'Everything reaches it.'}
          </p>
        )}
      </Section>
      <Section
        title="Firewalls"
        aside={
          <Link to="/firewalls" className="text-accent hover:underline">
            All firewalls
          </Link>
        }
      >
        {instance.firewalls.length > 0 ? (
          <Table
            label="Firewalls of this instance"
            rows={instance.firewalls}
            rowKey={(row) => row.firewall_id}
            columns={[
              {
                key: 'name',
                head: 'Name',
                cell: (row) => (
                  <Link
                    to="/firewalls/$id"
                    params={{ id: row.firewall_id }}
                    className="font-medium hover:text-accent"
                  >
                    {row.name}
                  </Link>
                ),
              },
              {
                key: 'status',
                head: 'Attachment',
                cell: (row) => (
                  <Status
                    status={row.attachment_status}
                    word={row.attachment_status === 'SUCCESS' ? 'In force' : undefined}
                  />
                ),
              },
              { key: 'rules', head: 'Rules', numeric: true, cell: (row) => row.rule_count },
            ]}
          />
        ) : (
          <p className="text-ink-2">None is attached.</p>
        )}
      </Section>
      {asked === 'rule' && (
        <AddRuleDialog owner={{ instance: instance_id }} onClose={() => setAsked(null)} />
      )}
      {asked === 'address' && (
        <AddressDialog instanceId={instance_id} enable={!isPublic} onClose={() => setAsked(null)} />
      )}
    </>
  )
}

function AddressDialog({
  instanceId,
  enable,
  onClose,
}: {
  instanceId: string
  enable: boolean
  onClose: () => void
}) {
  const toggle = useMutation({
    mutationFn: () =>
      post('/api/instances/{instance_id}/toggle-public-ip/', {
        params: { instance_id: instanceId },
        body: { enable },
      }),
    onSuccess: async () => {
      await stale('/api/instances/', '/api/operations/')
      onClose()
    },
  })
  return (
    <FormDialog
      title={enable ? 'Ask for a public address' : 'Give up the public address'}
      open
      onClose={onClose}
      onSubmit={() => toggle.mutate()}
      submit={enable ? 'Assign address' : 'Give up address'}
      submitting={enable ? 'Assigning…' : 'Giving up…'}
      pending={toggle.isPending}
      error={toggle.error}
      look={enable ? 'primary' : 'danger'}
    >
      <Notice tone="warning">
        {enable
          ? 'Everybody can then reach the instance there. Add rules first that say who may.'
          : 'Connections to it end, and somebody else may get the address. Another one is assigned the next time.'}
      </Notice>
    </FormDialog>
  )
}
