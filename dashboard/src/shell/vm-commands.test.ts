import { describe, expect, it } from 'vitest'
import type { Vm } from '../microvms/vm.ts'
import { vmCommandsFor } from './vm-commands.ts'

const vm = (id: string, name: string, status: Vm['status'] = 'running') =>
  ({ vm_id: id, status, metadata: { name } }) as unknown as Vm
const vms = [vm('vm_a', 'tests'), vm('vm_b', 'agent tools', 'suspended')]
const words = (typed: string, of = vms) => vmCommandsFor(of, typed).map((each) => each.words)

describe('what the palette offers of microVMs', () => {
  it('is found by what it does', () => {
    expect(words('egress')).toEqual(['Egress of tests', 'Egress of agent tools'])
    expect(words('term')).toEqual(['Terminal of tests', 'Terminal of agent tools'])
    expect(words('share')).toEqual(['Shares of tests', 'Shares of agent tools'])
    expect(vmCommandsFor(vms, 'egress tes')).toEqual([
      {
        key: '/microvms/vm_a/egress',
        words: 'Egress of tests',
        vmId: 'vm_a',
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
