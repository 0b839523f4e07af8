import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CapacityError, NO_EGRESS } from '../../engine.ts'
import { Records } from '../records/records.ts'
import { playMicrovm } from '../testing/played-microvm.ts'
import { type Frame, frame } from './agent/frames.ts'
import type { MicrovmHost } from './host.ts'
import { microvmPathsOf } from './paths.ts'
import { MicrovmRecord } from './records.ts'
import { availableMib } from './room.ts'
import { goOnAgain, goOnFinally } from './suspend.ts'
import { takeMicrovmSnapshot } from './take-snapshot.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-suspend-'))
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(folder, { recursive: true })
})

/** A host with one machine, which runs again and of which nobody has heard since. */
async function resuming(ram: string, options: Parameters<typeof playMicrovm>[0] = {}) {
  const played = await playMicrovm(options)
  const id = randomUUID()
  const paths = microvmPathsOf(folder, 'test')
  const machines = new Records(folder, MicrovmRecord)
  await machines.put(id, {
    ...{ tenant: 'a', gid: 1, vcpus: 1, memoryMib: 128, layer: 'l', env: {}, slot: null },
    ...{ suspended: false, hasOwnEnv: false, holdsEnv: false, given: '', qemu: null, start: null },
    ...{ egress: NO_EGRESS, ram: paths.ram(ram) },
  })
  const live = new Map([[id, played.live]])
  const host = { live, machines, paths, sweep: async () => {} } as unknown as MicrovmHost
  return { ...played, id, host, machines }
}

test.each([
  ['goes on as it was', 'm1', /^memory$/],
  ['and that had to boot is not there', 'empty-128', /does not answer/],
])('a machine whose agent is silent %s', async (_, ram, outcome) => {
  await using machine = await resuming(ram)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const ended = goOnFinally(machine.host, machine.id).then(
    () => machine.machines.get(machine.id)?.start?.how,
    (error: Error) => error.message,
  )
  await vi.waitFor(() => expect(machine.agent.seen).toContain('W'))
  await vi.advanceTimersByTimeAsync(120_000)
  expect(await ended).toMatch(outcome)
})

test.each([
  ['talks without having been greeted', null, Buffer.alloc(20_000_000, 'x')],
  ['refuses', '2', frame('W', 0, Buffer.from('no\0'))],
])(
  'a machine goes on, and is not taken for suspended, when its agent %s',
  async (_, version, said) => {
    const answer = ({ type }: Frame, socket: Socket) => {
      if (type === 'W') socket.write(said)
    }
    await using machine = await resuming('m1', { version, answer })
    await goOnFinally(machine.host, machine.id)
    expect(machine.machines.get(machine.id)?.start?.how).toBe('memory')
  },
)

/** A host with one suspended machine, of which another QEMU wrote the memory. */
async function toBoot(more: Partial<MicrovmRecord>) {
  const told: string[] = []
  const answer = ({ type, channel, payload }: Frame, socket: Socket) => {
    if (type === 'B') told.push(payload.toString())
    if (type === 'W') socket.write(frame('W', 0, Buffer.from('ok\0')))
    if (type === 'P') socket.write(frame('P', channel, payload))
  }
  const played = await playMicrovm({ answer })
  const id = randomUUID()
  const paths = microvmPathsOf(folder, 'test')
  await mkdir(paths.memory, { recursive: true })
  const machines = new Records(folder, MicrovmRecord)
  await machines.put(id, {
    ...{ tenant: 'a', gid: 1, vcpus: 1, memoryMib: 1, layer: 'l', slot: null, start: null },
    ...{
      suspended: true,
      hasOwnEnv: false,
      holdsEnv: false,
      given: '',
      qemu: '0.0.0',
      ram: paths.ram('m1'),
    },
    ...{ egress: NO_EGRESS, env: { PATH: '/opt/app/bin', COLOUR: 'blue' }, ...more },
  })
  const live = new Map()
  const host = {
    ...{ live, machines, paths, starting: 0, sweep: async () => {}, tell: () => {} },
    newSlot: () => ({ name: 'pool-1', uid: 1, gid: 1, layout: { number: 1 } }),
    spawn: async () => played.live,
    follow: () => live.set(id, played.live),
    layers: {},
  } as unknown as MicrovmHost
  // This process stands in for QEMU's.
  played.live.kill = async () => {}
  played.live.killAsking = async () => true
  return { ...played, id, host, machines, told }
}

test('no snapshot is taken of memory that holds what the machine was given at start', async () => {
  await using machine = await toBoot({ holdsEnv: true })
  const record = machine.machines.get(machine.id) as MicrovmRecord
  const taking = takeMicrovmSnapshot(machine.host, machine.id, record, randomUUID())
  await expect(taking).rejects.toThrow('resume it')
})

test('a machine that boots says when the environment that it was given went with its memory', async () => {
  await using machine = await toBoot({ holdsEnv: true, hasOwnEnv: true })
  const record = machine.machines.get(machine.id) as MicrovmRecord
  await goOnAgain(machine.host, machine.id, record)
  const { start, holdsEnv } = machine.machines.get(machine.id) as MicrovmRecord
  expect(start?.why).toContain('given at start')
  expect(holdsEnv).toBe(false)
})

test.each([
  ['of its image, when it was given none', '', 'PATH=/opt/app/bin\0COLOUR=blue\0'],
  ['that it was given', 'TOKEN=secret\0COLOUR=red\0', 'TOKEN=secret\0COLOUR=red\0'],
])('a machine that has to boot has the environment %s', async (_, given, expected) => {
  await using machine = await toBoot({ given: Buffer.from(given).toString('base64') })
  const record = machine.machines.get(machine.id) as MicrovmRecord
  await goOnAgain(machine.host, machine.id, record)
  expect(machine.told).toEqual([expected])
  const { start, given: left } = machine.machines.get(machine.id) as MicrovmRecord
  expect({ how: start?.how, left }).toEqual({ how: 'cold-boot', left: '' })
})

test('a machine that has to boot needs room for all of its memory, and stays suspended without', async () => {
  const free = availableMib(await readFile('/proc/meminfo', 'utf8'))
  await using machine = await toBoot({ memoryMib: 2 * free })
  const record = machine.machines.get(machine.id) as MicrovmRecord
  machine.host.endOf = async () => {}
  machine.host.layers.give = async () => {}
  await expect(goOnAgain(machine.host, machine.id, record)).rejects.toThrow(CapacityError)
  const { suspended, ram, qemu } = machine.machines.get(machine.id) as MicrovmRecord
  expect({ suspended, ram, qemu }).toEqual({ suspended: true, ram: record.ram, qemu: record.qemu })
})
