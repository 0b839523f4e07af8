import { describe, expect, it } from 'vitest'
import { gpuStock, type Host, hostState, machinesOn, sumOf } from './capacity.ts'

const amounts = (total: number, promised: number) => ({ total, promised, free: total - promised })
const host = (name: string, change: Partial<Host> = {}): Host => ({
  region: 'LOCAL-1',
  name,
  present: true,
  drained: null,
  capacity: {
    vcpus: { ...amounts(64, 6), cores: 16 },
    memory_gb: amounts(64, 9),
    disk_gb: { ...amounts(1000, 70), really_free: 300, floor: 2 },
    gpus: [{ model: 'A40', ...amounts(2, 1) }],
  },
  machines: { ACTIVE: 3, SHUTOFF: 1 },
  volumes: 0,
  snapshots: 0,
  notices: [],
  ...change,
})
const drained = { drained: { since: '2026-01-10T09:00:00Z', reason: 'A fan is loud' } }

describe('what hosts have together', () => {
  it('adds up', () => {
    const sum = sumOf([host('a'), host('b')])
    expect(sum.vcpus).toEqual({ total: 128, promised: 12, free: 116 })
    expect(sum.gpus).toEqual({ total: 4, promised: 2, free: 2 })
  })

  it('counts nothing as free on a host that takes no machines', () => {
    expect(sumOf([host('a'), host('b', drained)]).memory).toEqual({
      total: 128,
      promised: 18,
      free: 55,
    })
    expect(sumOf([host('a', { present: false })]).gpus.free).toBe(0)
  })

  it('does not take what one host owes from what another has', () => {
    const shrunk = host('b')
    const owing = { ...shrunk.capacity, vcpus: { ...amounts(4, 10), cores: 1 } }
    expect(sumOf([host('a'), { ...shrunk, capacity: owing }]).vcpus.free).toBe(58)
  })
})

describe('GPUs', () => {
  it('are counted by model and region, the scarcest first', () => {
    const stock = gpuStock([host('a'), host('b', drained), host('c', { region: 'NORWAY-1' })])
    expect(stock.map(({ region, hosts, total, free }) => [region, hosts, total, free])).toEqual([
      ['LOCAL-1', 2, 4, 1],
      ['NORWAY-1', 1, 2, 1],
    ])
  })
})

it('says what a host does, and how many machines it has', () => {
  expect([host('a'), host('a', drained), host('a', { present: false })].map(hostState)).toEqual([
    'active',
    'drained',
    'missing',
  ])
  expect(machinesOn(host('a'))).toBe(4)
})
