import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { withClient } from './embedded/readiness.ts'
import { type Listener, openListener } from './listen.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

let test: TestDatabase
let listener: Listener
const log = vi.fn()

beforeEach(async () => {
  log.mockReset()
  test = await createTestDatabase()
  listener = await openListener(test.connection, log)
})

afterEach(async () => {
  await listener.close()
  await test.drop()
})

const query = (text: string, values: unknown[] = []) =>
  withClient(test.connection, (client) => client.query(text, values))
const notify = (channel: string, payload: string) =>
  query('select pg_notify($1, $2)', [channel, payload])
const breakConnections = () =>
  query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'garrison-listener'`)
const connections = async () =>
  (
    await query(`select 1 from pg_stat_activity
      where datname = current_database() and application_name = 'garrison-listener'`)
  ).rows

it('tells what was said on a channel to all who subscribed to it, and to no others', async () => {
  const [one, two, other] = [vi.fn(), vi.fn(), vi.fn()]
  await listener.subscribe('Odd "name"', one)
  await listener.subscribe('Odd "name"', two)
  await listener.subscribe('other', other)
  await notify('Odd "name"', 'hello')
  await vi.waitFor(() => expect(two).toHaveBeenCalledWith('hello'))
  expect(one).toHaveBeenCalledWith('hello')
  expect(other).not.toHaveBeenCalled()
})

it('listens again after its connection broke, and says that something may have been missed', async () => {
  const [hear, look] = [vi.fn(), vi.fn()]
  await listener.subscribe('work', hear)
  listener.onReconnect(look)
  await breakConnections()
  await vi.waitFor(() => expect(look).toHaveBeenCalledOnce())
  await notify('work', 'again')
  await vi.waitFor(() => expect(hear).toHaveBeenCalledWith('again'))
})

it('hears what was subscribed to while the connection was broken', async () => {
  const hear = vi.fn()
  await breakConnections()
  await listener.subscribe('work', hear)
  await vi.waitFor(async () => {
    await notify('work', 'at last')
    expect(hear).toHaveBeenCalledWith('at last')
  })
})

it('outlives a listener that throws', async () => {
  const hear = vi.fn()
  await listener.subscribe('work', () => {
    throw new Error('mine')
  })
  await listener.subscribe('work', hear)
  await notify('work', 'one')
  await vi.waitFor(() => expect(hear).toHaveBeenCalledWith('one'))
  expect(log).toHaveBeenCalledWith('error', expect.any(String), { error: new Error('mine') })
})

it('does not come back once it is closed', async () => {
  await listener.close()
  expect(await connections()).toEqual([])
})

it('closes while it is about to come back, too', async () => {
  const closed = Promise.withResolvers<void>()
  // Once it has begun to connect again, and before it has.
  log.mockImplementationOnce(() => queueMicrotask(() => closed.resolve(listener.close())))
  await breakConnections()
  await closed.promise
  await vi.waitFor(async () => expect(await connections()).toEqual([]))
})

it('rejects when there is no database to begin with', async () => {
  await expect(openListener({ ...test.connection, host: '/nowhere' }, log)).rejects.toThrow(
    'ENOENT',
  )
})
