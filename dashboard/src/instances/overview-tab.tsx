import { Link } from '@tanstack/react-router'
import { Facts, Section } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { gigabytes, money, monthly, rate } from '../ui/format.ts'
import { Time } from '../ui/time.tsx'
import { hourlyNow } from './cost.ts'
import { type Instance, useInstance } from './use-instance.ts'

export function OverviewTab() {
  const instance = useInstance()
  return (
    <div className="grid gap-x-12 gap-y-8 lg:grid-cols-2">
      <Section title="Machine">
        <Facts facts={machineOf(instance)} />
      </Section>
      <Section title="Reach it">
        <Facts facts={waysTo(instance)} />
      </Section>
      <Section title="Costs">
        <Facts
          facts={[
            ['Now', rate(hourlyNow(instance), instance.currency)],
            ['A month', `${monthly(hourlyNow(instance), instance.currency)} for 730 hours`],
            ['So far', money(instance.billing.total_cost, instance.currency)],
          ]}
        />
      </Section>
      <Section title="History">
        <Facts
          facts={[
            ['Created', <Time key="created" at={instance.created_at} exact />],
            ['Changed', <Time key="changed" at={instance.updated_at} exact />],
            ['Up since', instance.ready_at && <Time key="up" at={instance.ready_at} exact />],
            ['Began as', <Source key="source" instance={instance} />],
          ]}
        />
      </Section>
    </div>
  )
}

const sourceWords = {
  os_image: 'OS image',
  custom_image: 'image',
  snapshot: 'snapshot',
  volume: 'volume',
} as const

/** With the way to what it was made from. */
function Source({ instance: { boot_source, source } }: { instance: Instance }) {
  const words = sourceWords[boot_source]
  if (source === null) return words
  const { id, name, deleted } = source
  const look = 'text-accent wrap-anywhere hover:underline'
  return (
    <>
      {words}{' '}
      {deleted ? (
        <span className="wrap-anywhere">{name}, deleted since</span>
      ) : boot_source === 'custom_image' ? (
        <Link to="/images" search={{ image: id }} className={look}>
          {name}
        </Link>
      ) : (
        <Link
          to={boot_source === 'volume' ? '/volumes' : '/snapshots'}
          search={{ search: name }}
          className={look}
        >
          {name}
        </Link>
      )}
    </>
  )
}

function machineOf(instance: Instance): [string, React.ReactNode][] {
  const { gpu_count, gpu_type, vcpus, ram_gb, storage_gb, flavor, image, hibernation } = instance
  return [
    ['Flavor', flavor.name],
    ['GPU', gpu_count > 0 ? `${gpu_count} × ${gpu_type}` : 'None'],
    ['vCPUs', vcpus],
    ['RAM', gigabytes(ram_gb)],
    ['Root disk', gigabytes(storage_gb)],
    ['Ephemeral disk', flavor.ephemeral_gb > 0 ? gigabytes(flavor.ephemeral_gb) : null],
    ['Image', image?.name],
    [
      'Hibernated',
      hibernation && (
        <>
          <Time at={hibernation.hibernated_at} />,{' '}
          {hibernation.memory ? 'with its memory' : 'by its disk'}
        </>
      ),
    ],
  ]
}

function waysTo(instance: Instance): [string, React.ReactNode][] {
  const { ssh_command, ip_address, private_ip, jupyter_url, ssh_keys, simulated } = instance
  return [
    [
      'SSH',
      ssh_command === null ? (
        simulated ? (
          'none, it is simulated'
        ) : (
          'not yet'
        )
      ) : (
        <Copyable key="ssh" text={ssh_command} name="Copy SSH command" />
      ),
    ],
    ['Address', ip_address && <Copyable key="ip" text={ip_address} name="Copy address" />],
    [
      'Private',
      private_ip !== ip_address && private_ip && (
        <Copyable key="private" text={private_ip} name="Copy private address" />
      ),
    ],
    [
      'Jupyter',
      jupyter_url && (
        <a key="jupyter" href={jupyter_url} className="text-accent underline">
          {jupyter_url}
        </a>
      ),
    ],
    [
      'SSH keys',
      ssh_keys.length > 0 && (
        <Link key="keys" to={'/ssh-keys' as string} className="hover:text-accent">
          {ssh_keys.map((key) => key.name).join(', ')}
        </Link>
      ),
    ],
  ].map(([name, value]) => [name as string, value || null])
}
