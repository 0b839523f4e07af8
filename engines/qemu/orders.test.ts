import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EngineError, FencedError, type Order } from '../engine.ts'
import { Orders } from './orders.ts'

const thing = randomUUID()
let folder: string
let orders: Orders

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-orders-'))
  orders = new Orders(folder)
  await orders.load(() => true)
})
afterEach(() => rm(folder, { recursive: true }))

const order = (fence: number, signal?: AbortSignal): Order => ({
  operation: randomUUID(),
  fence,
  ...(signal === undefined ? {} : { signal }),
})
const nothing = async () => {}
/** Work that goes on until it is called off. */
const endless = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )

test('refuses an older order and accepts the same again', async () => {
  await orders.run(thing, order(7), nothing)
  await expect(orders.run(thing, order(6), nothing)).rejects.toThrow(FencedError)
  await orders.run(thing, order(7), nothing)
})

test('knows the fences of an earlier process', async () => {
  await orders.run(thing, order(7), nothing)
  const next = new Orders(folder)
  await expect(next.run(thing, order(6), nothing)).rejects.toThrow(FencedError)
})

test('has a fence for each thing', async () => {
  await orders.run(thing, order(7), nothing)
  await orders.run(randomUUID(), order(1), nothing)
})

test('calls off an older order at work when a newer one comes', async () => {
  const older = orders.run(thing, order(1), endless)
  const newer = orders.run(thing, order(2), async () => 'done')
  await expect(older).rejects.toThrow(FencedError)
  expect(await newer).toBe('done')
})

test('does one piece of work on a thing at a time', async () => {
  const events: string[] = []
  const work = (name: string) => async () => {
    events.push(`${name} begins`)
    await nothing()
    events.push(`${name} ends`)
  }
  const same = order(1)
  await Promise.all([
    orders.run(thing, same, work('one')),
    orders.run(thing, same, work('two')),
    orders.runUnordered(thing, work('three')),
  ])
  expect(events).toHaveLength(6)
  for (const [index, event] of events.entries())
    expect(event).toMatch(index % 2 === 0 ? /begins$/ : /ends$/)
})

test('ends what is cancelled with an error that may be tried again', async () => {
  const cancel = new AbortController()
  const cancelled = orders.run(thing, order(1, cancel.signal), endless)
  cancel.abort()
  await expect(cancelled).rejects.toMatchObject({ name: 'EngineError', retryable: true })
})

test('lets nothing begin that was cancelled while it waited', async () => {
  const same = order(1)
  const first = orders.run(thing, same, endless)
  const begun: string[] = []
  const waiting = orders.run(thing, { ...same, signal: AbortSignal.abort() }, async () => {
    begun.push('waiting')
  })
  await expect(waiting).rejects.toThrow(EngineError)
  orders.close()
  await expect(first).rejects.toThrow(EngineError)
  expect(begun).toEqual([])
})

test('ends everything when it is closed', async () => {
  const running = orders.run(thing, order(1), endless)
  orders.close()
  await expect(running).rejects.toThrow('The engine was closed')
})

test('keeps the fence of a thing that is gone for a month', async () => {
  const [recent, old, alive] = [randomUUID(), randomUUID(), randomUUID()]
  const longAgo = new Date(Date.now() - 31 * 24 * 3600 * 1000)
  for (const id of [recent, old, alive]) await writeFile(join(folder, id), '1\n')
  for (const id of [old, alive]) await utimes(join(folder, id), longAgo, longAgo)
  await orders.load((id) => id === alive)
  expect((await readdir(folder)).sort()).toEqual([recent, alive].sort())
})
