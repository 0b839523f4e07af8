import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readLog, SerialConsole } from './console.ts'

let folder: string
let server: Server
let guest: Socket
let drain: SerialConsole
const log = () => join(folder, 'console.log')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-console-'))
  server = createServer()
  server.listen(join(folder, 'serial.sock'))
  await once(server, 'listening')
  const connected = once(server, 'connection')
  drain = await SerialConsole.open(join(folder, 'serial.sock'), log())
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

test('shows a viewer what was printed, and what comes', async () => {
  guest.write('boot\n')
  await expect.poll(() => sizeOf(log())).toBe(5)
  const viewer = drain.view()
  guest.end('login: ')
  expect(await text(viewer)).toBe('boot\nlogin: ')
})

test('brings to the guest what any viewer types', async () => {
  drain.view().write('a')
  expect(String((await once(guest, 'data'))[0])).toBe('a')
  drain.view().write('b')
  expect(String((await once(guest, 'data'))[0])).toBe('b')
})

test('ends for its viewers with the machine', async () => {
  const viewer = drain.view()
  guest.destroy()
  expect(await text(viewer)).toBe('')
  expect(drain.isOpen).toBe(false)
})

test('shows what was printed before it was opened again', async () => {
  guest.write('before\n')
  await expect.poll(() => sizeOf(log())).toBe(7)
  drain.close()
  drain = await SerialConsole.open(join(folder, 'serial.sock'), log())
  const viewer = drain.view()
  drain.close()
  expect(await text(viewer)).toBe('before\n')
})

test('reads the end of the log, over both files', async () => {
  await writeFile(`${log()}.1`, 'older ')
  await writeFile(log(), 'newer')
  expect(String(await readLog(log(), 100))).toBe('older newer')
  expect(String(await readLog(log(), 7))).toBe('r newer')
  expect(String(await readLog(log(), 2))).toBe('er')
  expect(String(await readLog(join(folder, 'none'), 100))).toBe('')
})
