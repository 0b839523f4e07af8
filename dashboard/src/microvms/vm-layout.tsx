import { vmName } from '@garrison/contract/microvms/facts'
import { Link, Outlet, useSearch } from '@tanstack/react-router'
import { StepsOf } from '../operations/steps.tsx'
import { ActionButtons } from '../ui/action-buttons.tsx'
import { useAskedInAddress } from '../ui/asking.ts'
import { Copyable } from '../ui/copy.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { useVmActions } from './actions.tsx'
import { TimeLeft } from './time-left.tsx'
import { useVm } from './use-vm.ts'
import { isLive } from './vm.ts'
import { VmStatus } from './vm-status.tsx'

const tabs = [
  ['Overview', '/microvms/$id'],
  ['Terminal', '/microvms/$id/terminal'],
  ['Run code', '/microvms/$id/run'],
  ['Files', '/microvms/$id/files'],
  ['Egress', '/microvms/$id/egress'],
  ['Shares', '/microvms/$id/shares'],
  ['Activity', '/microvms/$id/activity'],
] as const

/** One microVM: what it is and what can be done with it, over all its tabs. */
export function VmLayout() {
  const vm = useVm()
  const { vm_id: id, status, message, session_id } = vm
  const { ask } = useSearch({ from: '/shell/microvms/$id' })
  const { actions, dialogs } = useVmActions(vm, useAskedInAddress(ask))
  const live = isLive(status)
  return (
    <Page
      guide="microvms"
      title={vmName(vm)}
      lead={
        <span className="inline-flex flex-wrap items-center gap-x-3">
          <VmStatus vm={vm} />
          <Copyable text={id} name="Copy id" />
          {live && (
            <span>
              <TimeLeft vm={vm} /> left
            </span>
          )}
        </span>
      }
      calls={[
        { method: 'GET', path: `/v1/vms/${id}`, command: `garrison vm show ${id}` },
        {
          method: 'POST',
          path: '/execute',
          body: { session_id, language: 'bash', command: 'uname -a' },
          command: `garrison vm exec ${id} -- uname -a`,
        },
      ]}
    >
      <ActionButtons actions={actions} />
      {status === 'failed' && (
        <Notice tone="problem">{message ?? 'It could not be started.'}</Notice>
      )}
      {status === 'terminated' && (
        <Notice>
          {message ?? 'It has ended'}. It can be read about for a day;{' '}
          <Link to="/microvms" className="underline">
            the microVMs that there are
          </Link>
          .
        </Notice>
      )}
      {live && message !== null && <Notice tone="warning">{message}</Notice>}
      <StepsOf subject={id} />
      <Tabs label={vmName(vm)} tabs={tabs.map(([words, to]) => ({ words, to, params: { id } }))} />
      <Panel name="tab" key={id}>
        <Outlet />
      </Panel>
      {dialogs}
    </Page>
  )
}
