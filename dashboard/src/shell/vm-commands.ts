/** What the palette offers of each microVM: its pages, and what needs no further question. */
import { vmName } from '@garrison/contract/microvms/facts'
import { type Vm, whyNotVm } from '../microvms/vm.ts'
import { matches } from './matches.ts'

type Change = 'suspend' | 'resume'
export type VmCommand = { readonly key: string; readonly words: string; readonly vmId: string } & (
  | { readonly to: string }
  | { readonly change: Change }
)

const most = 5

const pages = [
  ['Terminal of', 'terminal', 'shell console pty'],
  ['Run code in', 'run', 'execute python bash'],
  ['Files of', 'files', 'upload download'],
  ['Egress of', 'egress', 'network policy allow'],
  ['Shares of', 'shares', 'ports public url'],
  ['Activity of', 'activity', 'operations'],
] as const

const changes = [
  ['Suspend', 'suspend', 'sleep pause hibernate'],
  ['Resume', 'resume', 'wake continue'],
] as const

/** One of the words that were typed is of the command: by a name alone the microVM itself is found. */
function fits(words: string, also: string, name: string, typed: string) {
  const command = { words, group: '', also }
  return (
    typed.split(/\s+/).some((part) => part !== '' && matches(command, part)) &&
    matches({ ...command, group: `microVM ${name}` }, typed)
  )
}

/** At most five of a kind. */
export function vmCommandsFor(vms: readonly Vm[], typed: string): readonly VmCommand[] {
  const named = vms.map((vm) => ({ vm, name: vmName(vm) }))
  const paged = pages.flatMap(([words, page, also]) =>
    named
      .filter(({ name }) => fits(words, also, name, typed))
      .slice(0, most)
      .map(({ vm: { vm_id: vmId }, name }) => {
        const to = `/microvms/${vmId}/${page}`
        return { key: to, words: `${words} ${name}`, vmId, to }
      }),
  )
  const changing = changes.flatMap(([words, change, also]) =>
    named
      .filter(
        ({ vm, name }) => whyNotVm(change, vm.status) === null && fits(words, also, name, typed),
      )
      .slice(0, most)
      .map(({ vm: { vm_id: vmId }, name }) => {
        return { key: `${change} ${vmId}`, words: `${words} ${name}`, vmId, change }
      }),
  )
  return [...changing, ...paged]
}
