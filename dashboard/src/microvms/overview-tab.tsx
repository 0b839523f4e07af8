import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { reading } from '../api/queries.ts'
import { Facts, Section } from '../ui/card.tsx'
import { Code, Copyable } from '../ui/copy.tsx'
import { type Currency, duration, money, number } from '../ui/format.ts'
import { Time } from '../ui/time.tsx'
import { vmCostNow } from './cost.ts'
import { Costs } from './costs.tsx'
import { TimeLeft } from './time-left.tsx'
import { useVm } from './use-vm.ts'
import { isLive, memoryWords, type Vm } from './vm.ts'

export function OverviewTab() {
  const vm = useVm()
  const metadata = Object.keys(vm.metadata).length > 0
  return (
    <div className="grid gap-x-12 gap-y-8 lg:grid-cols-2">
      <Section title="Machine">
        <Machine vm={vm} />
      </Section>
      <Section title="Lifetime">
        <Facts
          facts={[
            ['Time left', <TimeLeft key="left" vm={vm} />],
            ['Ends', vm.ends_at && <Time key="ends" at={vm.ends_at} exact />],
            ['Lifetime', duration(vm.vm_lifetime_seconds)],
            [
              'When it ends',
              vm.snapshot_on_terminate
                ? `A snapshot is taken${vm.snapshot_name ? `, “${vm.snapshot_name}”` : ''}`
                : 'Everything in it goes with it',
            ],
            ['Created', <Time key="created" at={vm.created_at} exact />],
            ['Running since', vm.started_at && <Time key="started" at={vm.started_at} exact />],
            ['Ended', vm.terminated_at && <Time key="ended" at={vm.terminated_at} exact />],
          ]}
        />
      </Section>
      <Costs id={vm.vm_id} now={() => vmCostNow(vm)} />
      <Section title="Session">
        <Usage vm={vm} />
      </Section>
      {isLive(vm.status) && (
        <Section title="SSH">
          <Ssh vm={vm} />
        </Section>
      )}
      <Section title="Metadata">
        {metadata ? (
          <Code text={JSON.stringify(vm.metadata, null, 2)} label="metadata" />
        ) : (
          <p className="text-ink-3">None. Metadata are for whoever looks for it later.</p>
        )}
      </Section>
    </div>
  )
}

function Machine({
  vm: { snapshot_id, vcpu_count, memory_mb, start, started_at, created_at },
}: {
  vm: Vm
}) {
  // Of all that there are: a fork began as one that is gone by now, and to ask for it is an error.
  const { data: snapshots } = useQuery(reading('/v1/snapshots'))
  const snapshot = snapshots?.find(({ id }) => id === snapshot_id)
  const took =
    started_at === null ? null : new Date(started_at).getTime() - new Date(created_at).getTime()
  return (
    <Facts
      facts={[
        [
          'Began as',
          snapshot_id &&
            (snapshots !== undefined && snapshot === undefined ? (
              <span key="gone" className="text-ink-3">
                {snapshot_id}, which is deleted
              </span>
            ) : (
              <Link
                key="snapshot"
                to="/microvms/snapshots/$id"
                params={{ id: snapshot_id }}
                className="wrap-anywhere hover:text-accent"
              >
                {snapshot?.name ?? snapshot_id}
              </Link>
            )),
        ],
        ['vCPUs', vcpu_count],
        ['Memory', memoryWords(memory_mb)],
        [
          'Start',
          start &&
            `${start === 'memory' ? 'From memory' : 'Booted'}${took === null ? '' : `, in ${number(took)} ms with its making`}`,
        ],
      ]}
    />
  )
}

/** Of all the machines that the session has had. */
function Usage({ vm: { session_id: session } }: { vm: Vm }) {
  const { data } = useQuery({
    ...reading('/v1/sessions/usage/{session_id}', { params: { session_id: session } }),
    refetchInterval: 10_000,
  })
  return (
    <Facts
      facts={[
        ['Session', <Copyable key="id" text={session} name="Copy session id" />],
        ['Executions', data && number(data.executions)],
        ['Time running', data && duration(data.vm_seconds)],
        ['Processor used', data && `${number(data.cpu_time)} s`],
        ['Cost so far', data && money(data.cost, data.currency as Currency)],
      ]}
    />
  )
}

/** Through the gateway of this installation, which an operator may have left off. */
function Ssh({ vm: { vm_id } }: { vm: Vm }) {
  const { data } = useQuery({ ...reading('/v1/ssh-gateway'), staleTime: 60_000 })
  if (data === undefined) return null
  const { gateway } = data
  if (gateway === null)
    return (
      <p className="text-ink-3">
        There is none in this installation; an operator turns it on with{' '}
        <code>microvms.ssh.port</code> in <code>garrison.yaml</code>. The{' '}
        <Link to="/microvms/$id/terminal" params={{ id: vm_id }} className="underline">
          terminal
        </Link>{' '}
        needs none.
      </p>
    )
  const command = `ssh -p ${gateway.port} ${vm_id}@${gateway.host}`
  return (
    <Facts
      facts={[
        ['Log in', <Copyable key="ssh" text={command} name="Copy SSH command" />],
        [
          'With',
          <Link key="keys" to="/ssh-keys" className="hover:text-accent">
            Any SSH key of your account
          </Link>,
        ],
        [
          'Host key',
          <code key="key" className="text-sm wrap-anywhere">
            {gateway.host_key_fingerprint}
          </code>,
        ],
      ]}
    />
  )
}
