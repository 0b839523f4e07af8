import { useMutation } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import type { Instance } from '../instances/use-instance.ts'
import { IconButton } from '../ui/button.tsx'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'

type Rule = Instance['security_rules'][number]

/** "tcp 22", "tcp 8000–8100", "icmp". */
export function ruleWords({ protocol, port_range_min, port_range_max }: Rule): string {
  if (port_range_min === null) return protocol
  return port_range_min === port_range_max
    ? `${protocol} ${port_range_min}`
    : `${protocol} ${port_range_min}–${port_range_max}`
}

export function RulesTable({
  rules,
  owner,
  reason,
}: {
  rules: readonly Rule[]
  owner: { firewall: string } | { instance: string }
  /** Why none can be removed now. */
  reason?: string | null
}) {
  const [asked, setAsked] = useState<Rule | null>(null)
  const remove = useMutation({
    mutationFn: async ({ id: rule_id }: Rule): Promise<unknown> =>
      'firewall' in owner
        ? del('/api/firewalls/{firewall_id}/rules/{rule_id}/', {
            params: { firewall_id: owner.firewall, rule_id },
          })
        : del('/api/instances/{instance_id}/security-rules/{rule_id}/', {
            params: { instance_id: owner.instance, rule_id },
          }),
    onSuccess: async () => {
      await stale('/api/firewalls/', '/api/instances/')
      setAsked(null)
    },
  })
  return (
    <>
      <Table
        label="Rules"
        rows={rules}
        rowKey={(rule) => rule.id}
        columns={[
          {
            key: 'direction',
            head: 'Direction',
            cell: (rule) => (rule.direction === 'ingress' ? 'In' : 'Out'),
          },
          { key: 'what', head: 'What', cell: ruleWords },
          {
            key: 'network',
            head: 'Network',
            cell: (rule) => <code className="text-sm">{rule.remote_ip_prefix}</code>,
          },
          { key: 'ip', head: 'IP version', from: 'md', cell: (rule) => rule.ethertype },
          {
            key: 'status',
            head: 'Status',
            from: 'md',
            cell: (rule) => (
              <Status
                status={rule.status}
                word={rule.status === 'SUCCESS' ? 'In force' : undefined}
              />
            ),
          },
          {
            key: 'remove',
            head: <span className="sr-only">Actions</span>,
            className: 'w-10',
            cell: (rule) => (
              <IconButton
                name={`Remove rule ${ruleWords(rule)}`}
                icon={<Trash2 aria-hidden className="size-4" />}
                reason={reason}
                onClick={() => setAsked(rule)}
              />
            ),
          },
        ]}
      />
      {asked && (
        <ConfirmDelete
          kind="rule"
          name={`${ruleWords(asked)} ${asked.direction === 'ingress' ? 'from' : 'to'} ${asked.remote_ip_prefix}`}
          verb="Remove"
          working="Removing…"
          open
          onClose={() => setAsked(null)}
          onConfirm={() => remove.mutate(asked)}
          pending={remove.isPending}
          error={remove.error}
        />
      )}
    </>
  )
}
