import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { NO_EGRESS } from '../../engine.ts'
import { Records } from '../records/records.ts'
import { playMicrovm } from '../testing/played-microvm.ts'
import { type Frame, frame } from './agent/frames.ts'
import { giveBack, givenOf, keeperOf } from './given.ts'
import { MicrovmRecord } from './records.ts'

const id = randomUUID()
const options = { log: vi.fn() } as never
const secret = Buffer.from('TOKEN=secret\0')
let folder: string
const cleanUps: (() => unknown)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-given-'))
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  await rm(folder, { recursive: true })
})

const running: MicrovmRecord = {
  ...{ tenant: 'a', gid: 1, vcpus: 1, memoryMib: 128, layer: 'l', env: {}, ram: 'r', slot: null },
  ...{ suspended: false, hasOwnEnv: true, holdsEnv: false, given: '', qemu: null, start: null },
  egress: NO_EGRESS,
}

async function hostWith(record: MicrovmRecord) {
  const host = { machines: new Records(folder, MicrovmRecord), options }
  await host.machines.put(id, record)
  return host
}

/** What a server finds that was started after its own was killed. */
async function hostAgain() {
  const host = { machines: new Records(folder, MicrovmRecord), options }
  await host.machines.load()
  return host
}

async function playing(answer: (asked: Frame, socket: Socket) => void) {
  const played = await playMicrovm({ answer })
  cleanUps.push(() => played[Symbol.asyncDispose]())
  return played
}

async function onDisk(): Promise<string> {
  const files = await Promise.all(
    (await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')),
  )
  return files.join()
}

test('what a guest let go of outlives the server, and is given back by the next one', async () => {
  const back: string[] = []
  const { live } = await playing(({ type, channel, payload }, socket) => {
    if (type === 'B') back.push(payload.toString())
    if (type === 'P') socket.write(frame('P', channel, payload))
  })
  await keeperOf(await hostWith(running), id)?.(secret)
  const next = await hostAgain()
  await giveBack(next, id, live)
  expect(back).toEqual([secret.toString()])
  expect(next.machines.get(id)).toEqual(running)
  expect(await onDisk()).not.toContain(secret.toString('base64'))
  await giveBack(next, id, live)
  expect(back).toHaveLength(1)
})

test('of a guest that does not answer it is kept, and given back on its next line', async () => {
  const back = Promise.withResolvers<string>()
  const { live, agent } = await playing(({ type, payload }, socket) => {
    if (type === 'P') socket.destroy()
    if (type === 'B' && agent.sockets.length > 1) back.resolve(payload.toString())
  })
  const host = await hostWith({ ...running, given: secret.toString('base64') })
  live.owed = () => givenOf(host.machines.get(id))
  const giving = giveBack(host, id, live)
  await live.line.closed
  await live.guest()
  expect(await back.promise).toBe(secret.toString())
  expect(givenOf((await hostAgain()).machines.get(id))).toEqual(secret)
  live.close()
  await giving
})

test('of a machine that was given nothing of its own, nothing is asked', async () => {
  expect(keeperOf(await hostWith({ ...running, hasOwnEnv: false }), id)).toBeNull()
})
