import { describe, expect, it } from 'vitest'
import type { Vm } from '../microvms/vm.ts'
import { commandsOf, type InstanceRow, instances, microvms } from './thing-commands.ts'

const vm = (id: string, name: string, status: Vm['status'] = 'running') =>
  ({ vm_id: id, status, metadata: { name } }) as unknown as Vm
const vms = [vm('vm_a', 'tests'), vm('vm_b', 'agent tools', 'suspended')]
const wordsOf = (commands: readonly { words: string }[]) => commands.map((each) => each.words)
const words = (typed: string, of = vms) => wordsOf(commandsOf(microvms, of, typed))

describe('what the palette offers of microVMs', () => {
  it('is found by what it does', () => {
    expect(words('egress')).toEqual(['Egress of tests', 'Egress of agent tools'])
    expect(words('term')).toEqual(['Terminal of tests', 'Terminal of agent tools'])
    expect(words('share')).toEqual(['Shares of tests', 'Shares of agent tools'])
    expect(commandsOf(microvms, vms, 'egress tes')).toEqual([
      {
        key: 'Egress of /microvms/vm_a',
        words: 'Egress of tests',
        group: 'MicroVM',
        to: '/microvms/vm_a/egress',
      },
    ])
  })

  it('is only what its state allows', () => {
    expect(words('suspend')).toEqual(['Suspend tests'])
    expect(words('resume')).toEqual(['Resume agent tools'])
    expect(words('suspend agent')).toEqual([])
  })

  it('is nothing for a name alone, by which the microVM itself is found', () => {
    expect(words('tests')).toEqual([])
    expect(words('agent tools')).toEqual([])
    expect(words('')).toEqual([])
  })

  it('is a few of each, however many there are', () => {
    const many = Array.from({ length: 30 }, (_, index) => vm(`vm_${index}`, `n${index}`))
    expect(words('suspend', many)).toHaveLength(5)
  })
})

describe('what the palette offers of instances', () => {
  const instance = (id: string, name: string, status: InstanceRow['status']) =>
    ({ instance_id: id, vm_name: name, status }) as unknown as InstanceRow
  const all = [
    instance('BRK-100200D', 'web-1', 'ACTIVE'),
    instance('BRK-100201D', 'night', 'SHUTOFF'),
  ]
  const offered = (typed: string) => commandsOf(instances, all, typed)

  it('is what its state allows', () => {
    expect(wordsOf(offered('stop'))).toEqual(['Stop web-1'])
    expect(wordsOf(offered('start night'))).toEqual(['Start night', 'Startup of night'])
    expect(wordsOf(offered('delete'))).toEqual(['Delete web-1', 'Delete night'])
  })

  it('asks on its own page before anything is lost', () => {
    const [command] = offered('delete web')
    expect(command).toMatchObject({ to: '/instances/BRK-100200D?ask=delete' })
    expect(command).not.toHaveProperty('change')
  })

  it('leads to each of its pages', () => {
    expect(offered('console').map(({ to }) => to)).toEqual([
      '/instances/BRK-100200D/console',
      '/instances/BRK-100201D/console',
    ])
  })
})
