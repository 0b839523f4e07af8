/** A rule of a firewall or of one instance: what may come in, or go out. */
import { parseCidr } from '@garrison/contract/firewalls/cidr'
import {
  describeProtocol,
  families,
  type ProtocolName,
  protocolNames,
} from '@garrison/contract/firewalls/protocols'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, TextField } from '../ui/fields.tsx'

export type Rule = {
  direction: 'ingress' | 'egress'
  ethertype: 'IPv4' | 'IPv6'
  protocol: ProtocolName
  remote_ip_prefix: string
  port_range_min: string
  port_range_max: string
}

const everywhere = { IPv4: '0.0.0.0/0', IPv6: '::/0' } as const

export const emptyRule: Rule = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  remote_ip_prefix: '0.0.0.0/0',
  port_range_min: '',
  port_range_max: '',
}

/** What people ask for most, one press away. */
const common: readonly (readonly [words: string, ports: number | null])[] = [
  ['SSH', 22],
  ['HTTP', 80],
  ['HTTPS', 443],
  ['Jupyter', 8888],
  ['MySQL', 3306],
  ['PostgreSQL', 5432],
  ['Ping', null],
]

const usual: readonly ProtocolName[] = ['tcp', 'udp', 'icmp', 'icmpv6', 'any']

/** What is wrong with it, by field; the server would say the same. */
export function ruleProblems(rule: Rule): Partial<Record<keyof Rule, string>> {
  const problems: Partial<Record<keyof Rule, string>> = {}
  const { ports, only } = describeProtocol(rule.protocol)
  if (only !== undefined && only !== rule.ethertype) {
    problems.protocol = `${rule.protocol} goes with ${only} only.`
  }
  const network = parseCidr(rule.remote_ip_prefix)
  if ('problem' in network) problems.remote_ip_prefix = network.problem
  else if (network.family !== rule.ethertype) {
    problems.remote_ip_prefix = `This is an ${network.family} network; choose ${network.family}.`
  }
  if (ports) {
    const [from, to] = [Number(rule.port_range_min), Number(rule.port_range_max)]
    const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535
    if (!isPort(from)) problems.port_range_min = 'From 1 to 65535.'
    if (!isPort(to)) problems.port_range_max = 'From 1 to 65535.'
    else if (isPort(from) && from > to) problems.port_range_max = 'Not less than the first port.'
  }
  return problems
}

/** As the API takes it. */
export function ruleBody({ port_range_min, port_range_max, ...rule }: Rule) {
  if (!describeProtocol(rule.protocol).ports) return rule
  return { ...rule, port_range_min: Number(port_range_min), port_range_max: Number(port_range_max) }
}

export function RuleFields({ rule, onRule }: { rule: Rule; onRule: (rule: Rule) => void }) {
  const problems = ruleProblems(rule)
  const set = (change: Partial<Rule>) => onRule({ ...rule, ...change })
  const hasPorts = describeProtocol(rule.protocol).ports
  return (
    <>
      <div className="flex flex-wrap gap-1.5">
        {common.map(([words, port]) => (
          <button
            key={words}
            type="button"
            onClick={() =>
              set({
                direction: 'ingress',
                protocol: port === null ? (rule.ethertype === 'IPv6' ? 'icmpv6' : 'icmp') : 'tcp',
                port_range_min: port === null ? '' : String(port),
                port_range_max: port === null ? '' : String(port),
              })
            }
            className="rounded-full border border-hairline px-2.5 py-0.5 text-sm text-ink-2 hover:bg-hover pointer-coarse:min-h-9 pointer-coarse:px-3"
          >
            {words}
          </button>
        ))}
      </div>
      <div className="grid grid-cols-2 gap-4 *:nth-3:col-span-full *:nth-4:col-span-full sm:*:col-span-1!">
        <SelectField
          label="Direction"
          value={rule.direction}
          onValue={(direction) => set({ direction })}
          choices={[
            { value: 'ingress', words: 'In (ingress)' },
            { value: 'egress', words: 'Out (egress)' },
          ]}
        />
        <SelectField
          label="IP version"
          value={rule.ethertype}
          onValue={(ethertype) =>
            set({
              ethertype,
              ...(Object.values<string>(everywhere).includes(rule.remote_ip_prefix)
                ? { remote_ip_prefix: everywhere[ethertype] }
                : {}),
            })
          }
          choices={families.map((value) => ({ value, words: value }))}
        />
        <SelectField
          label="Protocol"
          value={rule.protocol}
          onValue={(protocol) => set({ protocol })}
          error={problems.protocol}
          hint={describeProtocol(rule.protocol).description}
          choices={[...usual, ...protocolNames.filter((each) => !usual.includes(each))].map(
            (value) => ({ value, words: value.toUpperCase() }),
          )}
        />
        <TextField
          label={rule.direction === 'ingress' ? 'From network' : 'To network'}
          mono
          value={rule.remote_ip_prefix}
          onValue={(remote_ip_prefix) => set({ remote_ip_prefix: remote_ip_prefix.trim() })}
          error={problems.remote_ip_prefix}
          hint={`${everywhere[rule.ethertype]} is everywhere.`}
        />
        {hasPorts && (
          <>
            <TextField
              label="First port"
              inputMode="numeric"
              value={rule.port_range_min}
              onValue={(port) =>
                set({
                  port_range_min: port,
                  ...(rule.port_range_max === rule.port_range_min ? { port_range_max: port } : {}),
                })
              }
              error={rule.port_range_min === '' ? null : problems.port_range_min}
            />
            <TextField
              label="Last port"
              inputMode="numeric"
              value={rule.port_range_max}
              onValue={(port_range_max) => set({ port_range_max })}
              error={rule.port_range_max === '' ? null : problems.port_range_max}
            />
          </>
        )}
      </div>
    </>
  )
}

export function AddRuleDialog({
  owner,
  onClose,
}: {
  owner: { firewall: string } | { instance: string }
  onClose: () => void
}) {
  const [rule, setRule] = useState(emptyRule)
  const [problem] = Object.values(ruleProblems(rule))
  const add = useMutation({
    mutationFn: async (): Promise<unknown> => {
      const body = ruleBody(rule)
      return 'firewall' in owner
        ? post('/api/firewalls/{firewall_id}/rules/', {
            params: { firewall_id: owner.firewall },
            body,
          })
        : post('/api/instances/{instance_id}/security-rules/', {
            params: { instance_id: owner.instance },
            body,
          })
    },
    onSuccess: async () => {
      await stale('/api/firewalls/', '/api/instances/')
      onClose()
    },
  })
  return (
    <FormDialog
      title="Add rule"
      open
      wide
      onClose={onClose}
      onSubmit={() => add.mutate()}
      submit="Add rule"
      submitting="Adding…"
      pending={add.isPending}
      error={add.error}
      reason={problem}
    >
      <RuleFields rule={rule} onRule={setRule} />
    </FormDialog>
  )
}
