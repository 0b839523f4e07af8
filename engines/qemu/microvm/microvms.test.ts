import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { NO_EGRESS } from '../../engine.ts'
import { Orders } from '../orders.ts'
import { playMicrovm } from '../testing/played-microvm.ts'
import { type Frame, frame } from './agent/frames.ts'
import { MicrovmHost } from './host.ts'
import { QemuMicrovms, type QemuMicrovmsOptions } from './microvms.ts'
import type { MicrovmRecord } from './records.ts'

const record: MicrovmRecord = {
  ...{ tenant: 'a', gid: 1, vcpus: 1, memoryMib: 128, layer: 'l', env: {}, ram: 'r', qemu: null },
  ...{ egress: NO_EGRESS, hasOwnEnv: true, holdsEnv: false, suspended: false, given: '' },
  slot: { name: 'pool-1', number: 1, uid: 1, gid: 1 },
  start: { how: 'memory', pooled: false, hostMs: 1 },
}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

test('what a silent guest is owed leaves the record when it is heard of again', async () => {
  let isSilent = true
  const back: string[] = []
  const answer = ({ type, channel, payload }: Frame, socket: Socket) => {
    if (type === 'B') back.push(payload.toString())
    if (type === 'P' && !isSilent) socket.write(frame('P', channel, payload))
    if (type === 'O') socket.write(frame('X', channel, Buffer.from('exit\x000\x000\x000\x000\0')))
  }
  await using played = await playMicrovm({ answer })
  const dataDir = await mkdtemp(join(tmpdir(), 'garrison-microvms-'))
  const id = randomUUID()
  const folder = join(dataDir, 'microvms', 'machines')
  const file = join(folder, `${id}.json`)
  const given = Buffer.from('TOKEN=secret\0').toString('base64')
  await mkdir(folder, { recursive: true })
  await writeFile(file, JSON.stringify({ ...record, given }))
  vi.spyOn(MicrovmHost.prototype, 'open').mockImplementation(async function (this: MicrovmHost) {
    this.follow(id, played.live)
  })
  const log = vi.fn()
  const orders = new Orders(join(dataDir, 'fences'))
  const options = { dataDir, mark: 'test', orders, log } as unknown as QemuMicrovmsOptions
  const microvms = new QemuMicrovms(options)
  await microvms.load()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await microvms.start()
  await vi.waitFor(() => expect(played.agent.seen).toContain('P'))
  await vi.advanceTimersByTimeAsync(5_000)
  expect(log).toHaveBeenCalledWith('info', expect.stringContaining('not got'), expect.anything())
  expect(await readFile(file, 'utf8')).toContain(given)

  vi.useRealTimers()
  isSilent = false
  await microvms.execute(id, { language: 'bash', code: 'true', timeoutMs: 1_000 })
  await vi.waitFor(async () => expect(await readFile(file, 'utf8')).not.toContain(given))
  expect(back).toEqual(['TOKEN=secret\0'])
  await rm(dataDir, { recursive: true })
})
