/** The published main page: the instance that is chosen, what can be done with it, and the account. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { buttonClass } from '../ui/button.tsx'
import { Stats } from '../ui/card.tsx'
import { Empty } from '../ui/empty.tsx'
import { Page } from '../ui/page.tsx'
import { Panel, Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { lookOf } from '../ui/status.tsx'
import { AccountPanel } from './account-panel.tsx'
import { Attention } from './attention.tsx'
import { chosenOf } from './chosen.ts'
import { InstancePanel } from './instance-panel.tsx'

type Row = Answer<'get', '/api/instances/'>['instances'][number]

const quick = [
  ['Deploy instance', '/instances/new'],
  ['SSH keys', '/ssh-keys'],
  ['Volumes', '/volumes'],
  ['Snapshots', '/snapshots'],
] as const

export function OverviewPage() {
  const { vm } = useSearch({ from: '/shell/' })
  const navigate = useNavigate({ from: '/' })
  const region = useRegion()
  const list = useQuery({
    ...reading('/api/instances/', { query: { page_size: 100, region } }),
    refetchInterval: pollWhenBroken,
  })
  const instances = list.data?.instances ?? []
  const total = list.data?.pagination.total_count ?? 0
  const [kept, setKept] = useState<string>()
  const chosen = chosenOf(instances, { asked: vm, kept })
  if (chosen && chosen.instance_id !== kept) setKept(chosen.instance_id)
  return (
    <Page
      guide="dashboard"
      title="Overview"
      lead={total > instances.length && `The newest ${instances.length} of ${total} instances`}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[{ method: 'GET', path: '/api/instances/', command: 'garrison instance list' }]}
      action={
        <Link to={'/instances/new' as string} className={buttonClass('primary')}>
          Deploy instance
        </Link>
      }
    >
      <Attention instances={instances} />
      {list.data && <Counts instances={instances} />}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="instances" />}
      <div className="grid gap-x-12 gap-y-8 xl:grid-cols-[minmax(0,1fr)_20rem]">
        {chosen ? (
          <Panel name="instance" key={chosen.instance_id}>
            <InstancePanel
              instances={instances}
              chosenId={chosen.instance_id}
              onChoose={(id) => void navigate({ search: { vm: id }, replace: true })}
            />
          </Panel>
        ) : (
          list.data && (
            <Empty
              title={region ? `No instance in ${region}` : 'Your first instance'}
              action={
                <Link to={'/instances/new' as string} className={buttonClass('primary')}>
                  Deploy instance
                </Link>
              }
              call={(there) => ({
                method: 'POST',
                path: '/api/deploy/',
                body: {
                  vm_name: 'web-1',
                  region: there.region,
                  flavor: there.flavor,
                  os_image: there.osImage,
                  ssh_key_ids: [there.sshKeyId],
                },
                command: `garrison instance create web-1 --region ${there.region} --flavor ${there.flavor}`,
              })}
            >
              Three steps: add your SSH key, choose a machine, and log in with the command that is
              shown here then.
            </Empty>
          )
        )}
        <Panel name="account">
          <div className="flex flex-col gap-6">
            <AccountPanel />
            <nav aria-label="Quick actions" className="grid grid-cols-2 gap-2 md:max-xl:flex">
              {quick.map(([words, to]) => (
                <Link key={to} to={to as string} className={buttonClass('plain')}>
                  {words}
                </Link>
              ))}
            </nav>
          </div>
        </Panel>
      </div>
    </Page>
  )
}

function Counts({ instances }: { instances: readonly Row[] }) {
  const of = (...looks: string[]) =>
    instances.filter((each) => looks.includes(lookOf(each.status))).length
  return (
    <Stats
      stats={[
        ['Running', of('running')],
        ['Changing', of('changing')],
        ['Stopped', of('stopped')],
        ['Hibernated', of('hibernated')],
        ['In trouble', of('problem')],
      ]}
    />
  )
}
