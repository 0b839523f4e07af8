import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConsoleLog } from './console.ts'

let folder: string
let server: Server
let guest: Socket
let drain: ConsoleLog
const log = () => join(folder, 'console.log')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-console-'))
  server = createServer()
  server.listen(join(folder, 'serial.sock'))
  await once(server, 'listening')
  const connected = once(server, 'connection')
  drain = new ConsoleLog(join(folder, 'serial.sock'), log())
  ;[guest] = (await connected) as [Socket]
})
afterEach(async () => {
  drain.close()
  guest.destroy()
  server.close()
  await rm(folder, { recursive: true })
})

const sizeOf = (path: string) =>
  stat(path).then(
    (file) => file.size,
    () => 0,
  )

test('keeps what the guest prints', async () => {
  guest.write('login: ')
  await expect.poll(() => readFile(log(), 'utf8').catch(() => '')).toBe('login: ')
})

test('keeps the last megabyte at least and two at most', async () => {
  const printed = randomBytes(5 * 2 ** 20)
  guest.end(printed)
  const kept = async () => (await sizeOf(log())) + (await sizeOf(`${log()}.1`))
  await expect.poll(async () => (await readFile(log())).at(-1)).toBe(printed.at(-1))
  await expect.poll(kept).toBeGreaterThanOrEqual(2 ** 20)
  expect(await kept()).toBeLessThanOrEqual(2 * 2 ** 20)
})
