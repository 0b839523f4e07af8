import type { Host } from '@garrison/engines/engine'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Allocation, deployable, free, type Need, place, type Ratios } from './capacity.ts'

const ratios: Ratios = { vcpuRatio: 4, diskRatio: 2, diskFloorGb: 2 }

const host = (overrides: Partial<Host> = {}): Host => ({
  name: 'a',
  vcpus: 4,
  memoryMib: 8192,
  diskGb: 100,
  diskFreeGb: 50,
  gpus: [],
  ...overrides,
})

const small: Need = { vcpus: 1, memoryMib: 1024, diskGb: 10, gpu: null }

describe('place', () => {
  it('puts a machine where the least is left over', () => {
    const hosts = [host({ name: 'roomy', memoryMib: 65_536 }), host({ name: 'tight' })]
    expect(place(hosts, [], ratios, small)).toEqual({ host: 'tight' })
  })

  it('keeps hosts with GPUs for machines that need them', () => {
    const hosts = [
      host({ name: 'gpu', gpus: [{ model: 'L40', count: 8 }] }),
      host({ name: 'plain' }),
    ]
    expect(place(hosts, [], ratios, small)).toEqual({ host: 'plain' })
  })

  it('never takes the GPUs of one machine from two hosts', () => {
    const hosts = ['a', 'b'].map((name) => host({ name, gpus: [{ model: 'L40', count: 2 }] }))
    const need = { ...small, gpu: { model: 'L40', count: 4 } }
    expect(place(hosts, [], ratios, need)).toEqual({ missing: ['gpus'] })
  })

  it('begins no disk when too little is really free', () => {
    expect(place([host({ diskFreeGb: 1 })], [], ratios, small)).toEqual({ missing: ['disk'] })
  })

  it('names everything that a region without hosts lacks', () => {
    expect(place([], [], ratios, small)).toEqual({ missing: ['vcpus', 'memory', 'disk'] })
  })

  const needs = fc.record({
    vcpus: fc.integer({ min: 1, max: 8 }),
    memoryMib: fc.integer({ min: 128, max: 4096 }),
    diskGb: fc.integer({ min: 1, max: 40 }),
    gpu: fc.option(fc.record({ model: fc.constant('L40'), count: fc.constantFrom(1, 2, 4) })),
  })

  it('never promises more than there is, whatever is asked for in whatever order', () => {
    const hosts = [host(), host({ name: 'b', gpus: [{ model: 'L40', count: 4 }], memoryMib: 4096 })]
    fc.assert(
      fc.property(fc.array(needs, { maxLength: 60 }), (asked) => {
        const promised = new Map<string, Allocation>()
        for (const need of asked) {
          const placed = place(hosts, [...promised.values()], ratios, need)
          if ('host' in placed)
            promised.set(placed.host, add(promised.get(placed.host), placed.host, need))
        }
        for (const each of hosts) {
          const left = free(each, [...promised.values()], ratios)
          expect(
            Math.min(left.vcpus, left.memoryMib, left.diskGb, ...Object.values(left.gpus)),
          ).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })

  it('places exactly as many as deployable said', () => {
    fc.assert(
      fc.property(needs, (need) => {
        const hosts = [host({ gpus: [{ model: 'L40', count: 4 }] })]
        const said = deployable(hosts, [], ratios, need)
        let allocation: Allocation | undefined
        let placed = 0
        while ('host' in place(hosts, allocation ? [allocation] : [], ratios, need)) {
          allocation = add(allocation, 'a', need)
          placed++
        }
        expect(placed).toBe(said)
      }),
    )
  })
})

function add(before: Allocation | undefined, name: string, need: Need): Allocation {
  const gpus = { ...before?.gpus }
  if (need.gpu) gpus[need.gpu.model] = (gpus[need.gpu.model] ?? 0) + need.gpu.count
  return {
    host: name,
    vcpus: (before?.vcpus ?? 0) + need.vcpus,
    memoryMib: (before?.memoryMib ?? 0) + need.memoryMib,
    diskGb: (before?.diskGb ?? 0) + need.diskGb,
    gpus,
  }
}
