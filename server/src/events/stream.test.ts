import { expect, it } from 'vitest'
import type { Database } from '../database/database.ts'
import type { EventFeed } from './feed.ts'
import { eventStream } from './stream.ts'

it('says that it is alive while nothing happens, with where to go on', async () => {
  const quiet = { newest: () => 7, after: () => [], change: () => new Promise(() => {}) }
  const stream = eventStream({
    ...{ db: {} as Database, feed: quiet as unknown as EventFeed, accountId: 'a', after: 7 },
    ...{ wants: () => true, greeting: '', signal: new AbortController().signal },
    ...{ ended: () => {}, stuck: () => {}, aliveMs: 5 },
  })
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toBe('retry: 2000\nid: 7\n\n')
  const alive = 'id: 7\nevent: alive\ndata: {}\n\n'
  expect([await reader.read(), await reader.read()].map(({ value }) => value)).toEqual([
    alive,
    alive,
  ])
  await reader.cancel()
})
