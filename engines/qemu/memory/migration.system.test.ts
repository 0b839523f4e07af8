/** Against a QEMU that does not keep to what it is asked for, played here. Needs root: sockets are given away. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { limitsOf, saveMemory, type WhileItRuns } from './migration.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-migration-'))
})
afterEach(() => rm(folder, { recursive: true }))

type Answer = { status: string; passes?: number }

/** Sends `block()` as its memory for as long as anybody listens, and tells `progress` about it. */
function qemu(block: () => Buffer, progress: () => Answer) {
  const asked: { command: string; args: object }[] = []
  const execute = async (command: string, args: object = {}) => {
    asked.push({ command, args })
    if (command === 'migrate') {
      const line = connect(join(folder, 'memory.sock')).on('error', () => {})
      const more = () => {
        while (!line.destroyed && line.write(block()));
      }
      line.on('connect', more).on('drain', more)
    }
    const { status, passes = 1 } = progress()
    return command === 'query-migrate' ? { status, ram: { 'dirty-sync-count': passes } } : {}
  }
  return { asked, execute } as never as { asked: typeof asked } & Parameters<typeof saveMemory>[0]
}

const save = (
  live: ReturnType<typeof qemu>,
  limits: Parameters<typeof saveMemory>[3],
  whileItRuns?: WhileItRuns,
) => {
  const door = { uid: 0, gid: 0, folder, socket: join(folder, 'memory.sock') }
  const signal = new AbortController().signal
  return saveMemory(live, join(folder, 'memory.zst'), door, limits, signal, whileItRuns)
}

test('no more is kept than there can be', async () => {
  const endless = qemu(
    () => randomBytes(256 * 1024),
    () => ({ status: 'active' }),
  )
  const limits = { ...limitsOf(256, 1), bytes: 8 * 1024 ** 2 }
  await expect(save(endless, limits)).rejects.toThrow(/more than 8388608 bytes/)
  expect(await readdir(folder)).toEqual([])
})

test('nor is it waited for without end', async () => {
  const endless = qemu(
    () => Buffer.alloc(64 * 1024),
    () => ({ status: 'active' }),
  )
  const limits = { ...limitsOf(256, 1), ms: 300 }
  await expect(save(endless, limits)).rejects.toThrow(/far too long/)
  expect(await readdir(folder)).toEqual([])
})

test('a guest that runs is never stopped for the first pass, and is refused when it cannot be followed', async () => {
  const pace = { stillMs: 1, mostStillMs: 2, patienceMs: 20, giveUpMs: 200 }
  const began = performance.now()
  const isSecond = () => performance.now() - began > 500
  const busy = qemu(
    () => Buffer.alloc(4096),
    () => ({ status: 'active', passes: isSecond() ? 2 : 1 }),
  )
  const whileItRuns = { ...pace, beforeLast: async () => {}, onSent: async () => {} }
  await expect(save(busy, limitsOf(256, 1), whileItRuns)).rejects.toThrow(/faster than .* kept/)
  expect(performance.now() - began).toBeGreaterThan(700)
  expect(busy.asked.map(({ command }) => command)).not.toContain('stop')
  const stillness = busy.asked.flatMap(({ args }) =>
    'downtime-limit' in args ? args['downtime-limit'] : [],
  )
  expect(stillness).toEqual([1, 2])
})
