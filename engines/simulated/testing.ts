/** Machines, hosts and orders for the tests of this folder. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host, MachineSpec, Order } from '../engine.ts'
import type { Clock } from './watcher.ts'

export const realClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
}

export const testHosts: readonly Host[] = [
  {
    name: 'host-1',
    vcpus: 64,
    memoryMib: 65_536,
    diskGb: 10_000,
    diskFreeGb: 10_000,
    gpus: [{ model: 'RTX-A6000', count: 4 }],
  },
]

export const testOsImages = [{ name: 'garrison-small', minDiskGb: 1 }]

/** A small machine with an id and a tenant of its own. */
export function testSpec(overrides: Partial<MachineSpec> = {}): MachineSpec {
  const id = randomUUID()
  return {
    id,
    tenant: randomUUID(),
    host: 'host-1',
    vcpus: 1,
    memoryMib: 1_024,
    diskGb: 10,
    gpus: null,
    source: { kind: 'os-image', name: 'garrison-small' },
    address: {
      ip: '198.18.0.2',
      prefix: 24,
      gateway: '198.18.0.1',
      mac: '02:00:c6:12:00:02',
      ssh: { host: '198.18.0.2', port: 22 },
    },
    rules: null,
    volumes: [],
    guest: { instanceId: id, hostname: 'plain', authorizedKeys: [], userData: null },
    ...overrides,
  }
}

/** A machine whose host name asks for something of `failures.ts`. */
export function namedSpec(hostname: string): MachineSpec {
  const spec = testSpec()
  return { ...spec, guest: { ...spec.guest, hostname } }
}

/** Orders with growing fences. */
export function orderSequence(): () => Order {
  let fence = 0
  return () => ({ operation: randomUUID(), fence: ++fence })
}
