import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { NO_EGRESS } from '../../engine.ts'
import { Records } from '../records/records.ts'
import { playMicrovm } from '../testing/played-microvm.ts'
import type { MicrovmHost } from './host.ts'
import { microvmPathsOf } from './paths.ts'
import { MicrovmRecord } from './records.ts'
import { goOnFinally } from './suspend.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-suspend-'))
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(folder, { recursive: true })
})

/** A host with one machine, which runs again and of which nobody has heard since. */
async function resuming(ram: string) {
  const played = await playMicrovm()
  const id = randomUUID()
  const paths = microvmPathsOf(folder, 'test')
  const machines = new Records(folder, MicrovmRecord)
  await machines.put(id, {
    ...{ tenant: 'a', gid: 1, vcpus: 1, memoryMib: 128, layer: 'l', env: {}, slot: null },
    ...{ suspended: false, hasOwnEnv: false, given: '', qemu: null, start: null },
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
