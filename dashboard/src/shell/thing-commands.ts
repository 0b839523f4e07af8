/** What the palette offers of each instance and microVM: its pages, and what can be done with it now. */
import { canInstance } from '@garrison/contract/instances/states'
import { vmName } from '@garrison/contract/microvms/facts'
import type { Answer } from '../api/client.ts'
import { changeInstance } from '../instances/change-instance.ts'
import { changeVm } from '../microvms/change-vm.ts'
import { type Vm, whyNotVm } from '../microvms/vm.ts'
import { matches } from './matches.ts'

export type InstanceRow = Answer<'get', '/api/instances/'>['instances'][number]

export type ThingCommand = {
  readonly key: string
  readonly words: string
  readonly group: string
  /** Shows what becomes of it, where it changes something. */
  readonly to: string
  readonly change?: () => Promise<unknown>
}

/** `to`: within the thing's own page. `can`: left out where it always can. */
type Offer<Thing> = {
  readonly words: string
  readonly also: string
  readonly to: string
  readonly can?: (thing: Thing) => boolean
  readonly change?: (thing: Thing) => Promise<unknown>
}

type Kind<Thing> = {
  readonly group: string
  readonly nameOf: (thing: Thing) => string
  readonly pathOf: (thing: Thing) => string
  readonly offers: readonly Offer<Thing>[]
}

const most = 5

const page = (words: string, to: string, also: string) => ({ words, to, also })

const ofVm = (
  words: string,
  action: Parameters<typeof whyNotVm>[0],
  also: string,
  how: { to: string } | { change: 'suspend' | 'resume' },
): Offer<Vm> => ({
  words,
  also,
  can: (vm) => whyNotVm(action, vm.status) === null,
  ...('to' in how ? how : { to: '', change: (vm) => changeVm(vm.vm_id, how.change) }),
})

export const microvms: Kind<Vm> = {
  group: 'MicroVM',
  nameOf: vmName,
  pathOf: ({ vm_id }) => `/microvms/${vm_id}`,
  offers: [
    ofVm('Suspend', 'suspend', 'sleep pause hibernate', { change: 'suspend' }),
    ofVm('Resume', 'resume', 'wake continue', { change: 'resume' }),
    ofVm('Fork', 'snapshot', 'clone copy', { to: '?ask=fork' }),
    ofVm('Snapshot', 'snapshot', 'take capture', { to: '?ask=snapshot' }),
    ofVm('Change the lifetime of', 'change', 'longer extend', { to: '?ask=lifetime' }),
    ofVm('Delete', 'delete', 'end remove kill', { to: '?ask=delete' }),
    page('Terminal of', '/terminal', 'shell console pty'),
    page('Run code in', '/run', 'execute python bash'),
    page('Files of', '/files', 'upload download'),
    page('Egress of', '/egress', 'network policy allow'),
    page('Shares of', '/shares', 'ports public url'),
    page('Activity of', '/activity', 'operations'),
  ],
}

const ofInstance = (
  words: string,
  action: Parameters<typeof canInstance>[0],
  also: string,
  how: { to: string } | { change: Parameters<typeof changeInstance>[1] },
): Offer<InstanceRow> => ({
  words,
  also,
  can: ({ status }) => canInstance(action, status),
  ...('to' in how
    ? how
    : { to: '', change: ({ instance_id }) => changeInstance(instance_id, how.change) }),
})

export const instances: Kind<InstanceRow> = {
  group: 'Instance',
  nameOf: ({ vm_name }) => vm_name,
  pathOf: ({ instance_id }) => `/instances/${instance_id}`,
  offers: [
    ofInstance('Start', 'start', 'on boot', { change: 'start' }),
    ofInstance('Stop', 'stop', 'off shut down', { change: 'stop' }),
    ofInstance('Reboot', 'reboot', 'restart', { change: 'reboot' }),
    ofInstance('Restore', 'restore', 'wake resume', { change: 'restore' }),
    ofInstance('Hibernate', 'hibernate', 'sleep suspend', { to: '?ask=hibernate' }),
    ofInstance('Snapshot', 'snapshot', 'take backup', { to: '?ask=snapshot' }),
    ofInstance('Delete', 'delete', 'remove destroy', { to: '?ask=delete' }),
    page('Console of', '/console', 'terminal serial'),
    page('Display of', '/display', 'screen vnc'),
    page('Metrics of', '/metrics', 'cpu memory load'),
    page('Startup of', '/startup', 'script log cloud-init'),
    page('Volumes of', '/volumes', 'disks attach'),
    page('Network and rules of', '/network', 'firewalls address ip'),
    page('Snapshots of', '/snapshots', 'backups'),
    page('Billing of', '/billing', 'cost'),
    page('Activity of', '/activity', 'operations'),
  ],
}

/** One of the words that were typed is of the command: by a name alone the thing itself is found. */
function fits(words: string, also: string, group: string, name: string, typed: string) {
  const command = { words, group: '', also }
  return (
    typed.split(/\s+/).some((part) => part !== '' && matches(command, part)) &&
    matches({ ...command, group: `${group} ${name}` }, typed)
  )
}

/** At most five of each offer. */
export function commandsOf<Thing>(
  { group, nameOf, pathOf, offers }: Kind<Thing>,
  things: readonly Thing[],
  typed: string,
): readonly ThingCommand[] {
  const named = things.map((thing) => ({ thing, name: nameOf(thing) }))
  return offers.flatMap(({ words, also, to, can, change }) =>
    named
      .filter(({ thing, name }) => (can?.(thing) ?? true) && fits(words, also, group, name, typed))
      .slice(0, most)
      .map(({ thing, name }) => ({
        key: `${words} ${pathOf(thing)}`,
        words: `${words} ${name}`,
        group,
        to: pathOf(thing) + to,
        ...(change && { change: () => change(thing) }),
      })),
  )
}
