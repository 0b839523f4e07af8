import { Link, Outlet, useMatches, useSearch } from '@tanstack/react-router'
import { StepsOf } from '../operations/steps.tsx'
import { ActionButtons } from '../ui/action-buttons.tsx'
import { useAskedInAddress } from '../ui/asking.ts'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { lookOf, Status } from '../ui/status.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { Time } from '../ui/time.tsx'
import { useInstanceActions } from './actions.tsx'
import { useInstance } from './use-instance.ts'

const signs = {
  running: '●',
  changing: '◐',
  stopped: '○',
  hibernated: '☾',
  problem: '▲',
  warning: '◆',
}

const tabs = [
  ['Overview', '/instances/$id', 'managing-instances'],
  ['Console', '/instances/$id/console', 'connecting'],
  ['Display', '/instances/$id/display', 'connecting'],
  ['Metrics', '/instances/$id/metrics', 'managing-instances'],
  ['Startup', '/instances/$id/startup', 'startup-scripts'],
  ['Volumes', '/instances/$id/volumes', 'attach-volume'],
  ['Network and rules', '/instances/$id/network', 'network-and-security'],
  ['Snapshots', '/instances/$id/snapshots', 'create-snapshot'],
  ['Billing', '/instances/$id/billing', 'states-and-billing'],
  ['Activity', '/instances/$id/activity', 'troubleshooting'],
] as const

/** One instance: what it is and what can be done with it, over all its tabs. */
export function InstanceLayout() {
  const instance = useInstance()
  const { instance_id: id, vm_name, status, error } = instance
  const { ask } = useSearch({ from: '/shell/instances/$id' })
  const { actions, dialogs } = useInstanceActions(instance, useAskedInAddress(ask))
  const path = useMatches({ select: (matches) => matches.at(-1)?.fullPath })
  const [, , guide] = tabs.find(([, to]) => to === path) ?? tabs[0]
  return (
    <Page
      guide={guide}
      title={vm_name}
      tab={`${signs[lookOf(status)]} ${vm_name}`}
      lead={
        <span className="inline-flex flex-wrap items-center gap-x-3">
          <Status status={status} why={error} />
          <code className="text-sm">{id}</code>
          <span>
            {instance.region}
            {instance.simulated && ', simulated'}
          </span>
        </span>
      }
      calls={[
        {
          method: 'GET',
          path: `/api/instances/${id}/`,
          command: `garrison instance show ${id}`,
        },
        {
          method: 'POST',
          path: `/api/instances/${id}/stop/`,
          command: `garrison instance stop ${id}`,
        },
      ]}
    >
      <ActionButtons actions={actions} />
      {error && <Notice tone="problem">{error}</Notice>}
      {status === 'DELETED' && (
        <Notice>
          Deleted <Time at={instance.updated_at} />. Its records can be read for 30 days;{' '}
          <Link to="/instances" className="underline">
            the instances that there are
          </Link>
          .
        </Notice>
      )}
      <StepsOf subject={id} />
      <Tabs label={vm_name} tabs={tabs.map(([words, to]) => ({ words, to, params: { id } }))} />
      <Panel name="tab" key={id}>
        <Outlet />
      </Panel>
      {dialogs}
    </Page>
  )
}
