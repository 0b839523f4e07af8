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
import { Copyable } from '../ui/copy.tsx'
import { FormDialog } from '../ui/dialog.tsx'
import { Notice } from '../ui/notice.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { type Instance, useInstance } from './use-instance.ts'

const addressStates: Readonly<Record<Instance['ip_status'], string>> = {
  assigned: 'Assigned',
  pending: 'On its way',
  detached: 'The public one was given up; the private one stays',
  none: 'Has none yet',
}

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
          <Button
            reason={
              ip_status === 'pending'
                ? 'An address is on its way; wait until it is there'
                : whyNot('toggle-public-ip', status)
            }
            onClick={() => setAsked('address')}
          >
            {isPublic ? 'Give up the public address' : 'Ask for a public address'}
          </Button>
        }
      >
        <Facts
          facts={[
            [
              'Public',
              isPublic ? <Copyable key="public" text={ip_address} name="Copy address" /> : 'none',
            ],
            [
              'Private',
              private_ip === null ? (
                'not yet'
              ) : (
                <Copyable key="private" text={private_ip} name="Copy private address" />
              ),
            ],
            ['State', addressStates[ip_status]],
            [
              'Connect',
              instance.ssh_command && (
                <Copyable key="ssh" text={instance.ssh_command} name="Copy command" />
              ),
            ],
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
        <AddressDialog instance={instance} enable={!isPublic} onClose={() => setAsked(null)} />
      )}
    </>
  )
}

function AddressDialog({
  instance: { instance_id, region, security_rules, firewalls },
  enable,
  onClose,
}: {
  instance: Instance
  enable: boolean
  onClose: () => void
}) {
  const toggle = useMutation({
    mutationFn: () =>
      post('/api/instances/{instance_id}/toggle-public-ip/', {
        params: { instance_id },
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
      {enable ? (
        <>
          <p>
            One of the addresses of {region} becomes this instance’s own, beside its private one.
            Where the region has no pool of addresses, it leads no further than the host and its
            machines.
          </p>
          {security_rules.length + firewalls.length === 0 && (
            <Notice tone="warning">
              It has neither rules nor a firewall, so everybody can reach it there. Add rules first
              that say who may.
            </Notice>
          )}
        </>
      ) : (
        <Notice tone="warning">
          Connections to it end, and somebody else may get the address. Another one is assigned the
          next time; the private address stays.
        </Notice>
      )}
    </FormDialog>
  )
}
