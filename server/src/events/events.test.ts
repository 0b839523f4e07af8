/** Following events: nothing is missed, nothing of others is seen, and it ends when it should. */
import { streamsPerAccount } from '@garrison/contract/events/routes'
import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { type Api, createApi } from '../testing/api.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { recordEvent } from './outbox.ts'

const dayMs = 86_400_000

/** Longer than the default: other tests run beside this one. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 9_000, interval: 20 })

let api: Api
let clock: ManualClock
let me: Awaited<ReturnType<Api['client']>>
let cleanup: AsyncDisposableStack
beforeEach(async () => {
  cleanup = new AsyncDisposableStack()
  clock = new ManualClock()
  api = await createApi({ clock })
  cleanup.defer(() => api.close())
  me = await api.client()
  await startFeed(api)
})
afterEach(() => cleanup.disposeAsync())

async function startFeed(server: Api) {
  const { db, listener, log } = server
  const placed = async () => {}
  const feed = await server.services.events.feed.start({
    ...{ db, listener, log, placed, told: () => {} },
  })
  cleanup.defer(async () => {
    server.services.events.endAll()
    await feed.close()
  })
}

const happen = (name: string, accountId: string | null = me.caller.accountId) =>
  api.change((tx) =>
    recordEvent(
      tx,
      { accountId, kind: 'script.created', subjectKind: 'script', subjectId: name, data: { name } },
      clock.now(),
    ),
  )

/** The stream's messages, one by one; null at its end. */
async function follow(query = '', headers: Record<string, string> = {}, key = me.key) {
  const response = await api.app.request(`/api/events/stream/${query}`, {
    headers: { Authorization: `Api-Key ${key}`, ...headers },
  })
  if (response.status !== 200) throw new Error(await response.text())
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  cleanup.defer(() => reader.cancel().catch(() => {}))
  return {
    async next(): Promise<EventSourceMessage | null> {
      const { value } = await reader.read()
      return value ?? null
    },
    async names(count: number) {
      const names: string[] = []
      while (names.length < count) {
        const { value } = await reader.read()
        if (value === undefined) break
        names.push(JSON.parse(value.data).subject?.id ?? value.event)
      }
      return names
    },
    close: () => reader.cancel(),
  }
}

/** All that has happened has its place. */
const placed = (name: string) =>
  eventually(async () => (await me.get(`/api/events/?subject=${name}`)).body.count).toBeGreaterThan(
    0,
  )

describe('a stream', () => {
  it('tells what happens from now on, as the list shows it', async () => {
    await happen('before')
    await placed('before')
    const stream = await follow('?kinds=script.*')
    await happen('one')
    const told = await stream.next()
    const { events } = (await me.get('/api/events/?subject=one')).body
    expect(told).toMatchObject({ event: 'script.created', id: String(events[0].id) })
    expect(JSON.parse(told?.data ?? '')).toEqual(events[0])
  })

  it('is what the list becomes when a stream is accepted', async () => {
    const response = await api.app.request('/api/events/', {
      headers: { Authorization: `Api-Key ${me.key}`, Accept: 'text/event-stream' },
    })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    await response.body?.cancel()
  })

  it('can begin where things were when the kinds were asked for', async () => {
    const { newest } = (await me.get('/api/events/kinds/')).body
    await happen('between')
    const stream = await follow(`?kinds=script.*&after=${newest}`)
    expect(await stream.names(1)).toEqual(['between'])
  })

  it("tells nothing of others', and what concerns everybody", async () => {
    const stranger = await api.client('Stranger')
    const kinds = '?kinds=script.*'
    const [mine, theirs] = [await follow(kinds), await follow(kinds, {}, stranger.key)]
    await happen('mine')
    await happen('all', null)
    expect(await mine.names(2)).toEqual(['mine', 'all'])
    expect(await theirs.names(1)).toEqual(['all'])
    const seen = (await stranger.get('/api/events/?subject=mine')).body
    expect(seen).toMatchObject({ events: [], has_more: false })
  })

  it('tells the kinds and the subject that were asked for', async () => {
    const kinds = await follow('?kinds=ssh-key.*,script.deleted')
    const subject = await follow('?subject=second')
    await happen('first')
    await happen('second')
    await api.sshKey(me.caller)
    expect(await kinds.next()).toMatchObject({ event: 'ssh-key.created' })
    expect(await subject.names(1)).toEqual(['second'])
  })

  it('goes on after the id that was seen last, also far behind what is in memory', async () => {
    await happen('first')
    await placed('first')
    const [{ id }] = (await me.get('/api/events/?subject=first')).body.events
    await api.change(async (tx) => {
      for (let n = 0; n < 2_500; n++) {
        await recordEvent(
          tx,
          {
            ...{ accountId: me.caller.accountId, kind: 'script.created', subjectKind: 'script' },
            ...{ subjectId: `n${n}`, data: { name: 'x' } },
          },
          clock.now(),
        )
      }
    })
    await placed('n2499')
    const stream = await follow('?after=0', { 'Last-Event-ID': String(id) })
    expect(await stream.names(2_500)).toEqual(Array.from({ length: 2_500 }, (_, n) => `n${n}`))
  }, 20_000)

  it('says that events are gone when they are, and goes on with what there is', async () => {
    await happen('old')
    await happen('older')
    await placed('older')
    const [{ id }] = (await me.get('/api/events/?subject=old')).body.events
    clock.advance(31 * dayMs)
    await happen('kept')
    await placed('kept')
    await api.services.events.forget(api.db)
    const stream = await follow('', { 'Last-Event-ID': String(id) })
    expect(await stream.next()).toMatchObject({ event: 'gone', id: String(id + 1) })
    expect(await stream.names(1)).toEqual(['kept'])
    expect((await me.get(`/api/events/?after=${id}`)).body).toMatchObject({ gone: true, count: 1 })
    expect((await me.get('/api/events/')).body).toMatchObject({ gone: false, count: 1 })
    // An id that was never given: of another installation, or of a backup's future.
    const ahead = await follow(`?after=${id + 1_000_000}`)
    expect(await ahead.next()).toMatchObject({ event: 'gone' })
    await happen('next')
    expect(await ahead.names(1)).toEqual(['next'])
  })

  it('ends when its key is revoked, and says why', async () => {
    const stream = await follow('?kinds=script.*')
    await api.listener.subscribe('api_key_revoked', api.services.events.endOfKey)
    await api.change((tx) => api.services.accounts.revokeKey(tx, me.caller.accountId, 'test'))
    const closed = await stream.next()
    expect(closed).toMatchObject({ event: 'closed', data: expect.stringContaining('revoked') })
    expect(await stream.next()).toBeNull()
  })

  it('ends when its key is gone and nobody told this process', async () => {
    const stream = await follow('?kinds=script.*')
    await api.services.events.endOfGone()
    await happen('still')
    expect(await stream.names(1)).toEqual(['still'])
    await api.db.updateTable('api_keys').set({ expires_at: clock.now() }).execute()
    await api.services.events.endOfGone()
    expect(await stream.names(1)).toEqual(['closed'])
  })

  it('is one too many after the limit, until one ends', async () => {
    const open = await Promise.all(Array.from({ length: 50 }, () => follow()))
    const refused = await me.get('/api/events/stream/')
    expectRefusal(refused, 403, 'LIMIT_EXCEEDED', /50/)
    await open[0]?.close()
    const again = await follow('?kinds=script.*')
    await happen('again')
    expect(await again.names(1)).toEqual(['again'])
  })

  it('makes nothing for a reader that does not read', async () => {
    const response = await api.app.request('/api/events/stream/?kinds=script.*', {
      headers: { Authorization: `Api-Key ${me.key}` },
    })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    for (let n = 0; n < 20; n++) await happen(`n${n}`)
    await placed('n19')
    // All that came meanwhile is in the one piece that is made when it asks.
    const { value } = await reader.read()
    expect(new TextDecoder().decode(value).match(/^event: /gm)).toHaveLength(20)
    await reader.cancel()
  })
})

describe('resuming', () => {
  it('loses nothing and tells nothing twice, in whatever order transactions commit', async () => {
    let round = 0
    /** Writes its events at once, and commits or is taken back once it is let. */
    async function begin(names: readonly string[]) {
      const [written, let_go] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()]
      const over = api
        .change(async (tx) => {
          for (const name of names) {
            const subject = { subjectKind: 'script', subjectId: name, data: { name } }
            const event = { accountId: me.caller.accountId, kind: 'script.created' } as const
            await recordEvent(tx, { ...event, ...subject }, clock.now())
          }
          written.resolve()
          if (!(await let_go.promise)) throw new Error('taken back')
        })
        .catch(() => {})
      await written.promise
      return {
        async end(well: boolean) {
          let_go.resolve(well)
          await over
        },
      }
    }

    const life = fc.record({
      events: fc.integer({ min: 1, max: 3 }),
      /** In which order they end, apart from that in which they wrote. */
      turn: fc.nat(100),
      commits: fc.boolean(),
      /** Everything that is committed is read before the next one ends; in pieces of so many. */
      reads: fc.boolean(),
      piece: fc.integer({ min: 1, max: 4 }),
    })
    const lives = fc.array(life, { minLength: 3, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(lives, async (plan) => {
        round++
        let after = (await me.get('/api/events/?limit=1&kinds=webhook.test')).body.next_after
        const open: {
          each: (typeof plan)[number]
          names: string[]
          tx: Awaited<ReturnType<typeof begin>>
        }[] = []
        for (const [n, each] of plan.entries()) {
          const names = Array.from({ length: each.events }, (_, of) => `r${round}-${n}-${of}`)
          open.push({ each, names, tx: await begin(names) })
        }
        const committed: string[] = []
        const seen: string[] = []
        async function readAll(piece: number) {
          while (seen.length < committed.length) {
            const stream = await follow(`?after=${after}&kinds=script.*`)
            for (let left = piece; left > 0 && seen.length < committed.length; left--) {
              const { id, subject } = JSON.parse((await stream.next())?.data ?? '')
              expect(id).toBeGreaterThan(after)
              after = id
              seen.push(subject.id)
            }
            await stream.close()
          }
        }
        for (const { each, names, tx } of open.sort((a, b) => a.each.turn - b.each.turn)) {
          await tx.end(each.commits)
          if (each.commits) committed.push(...names)
          if (each.reads) await readAll(each.piece)
        }
        await readAll(3)
        expect([...seen].sort()).toEqual([...committed].sort())
      }),
      { numRuns: 15 },
    )
  }, 30_000)
})

describe('the list', () => {
  it('goes forward by id, through everything that was asked for', async () => {
    for (const name of ['one', 'two', 'three']) await happen(name)
    await placed('three')
    const names: string[] = []
    for (let after = 0, more = true; more; ) {
      const { body } = await me.get(`/api/events/?kinds=script.*&limit=2&after=${after}`)
      names.push(...body.events.map((each: { subject: { id: string } }) => each.subject.id))
      expect(body.events.length).toBeLessThanOrEqual(2)
      after = body.next_after
      more = body.has_more
    }
    expect(names).toEqual(['one', 'two', 'three'])
  })

  it('refuses what it cannot look for', async () => {
    const wrong: [string, string][] = [
      ['after=-1', 'after'],
      ['after=x', 'after'],
      ['kinds=nothing.*', 'kinds'],
      ['kinds=instance', 'kinds'],
      ['limit=0', 'limit'],
    ]
    for (const [query, field] of wrong) {
      const reply = await me.get(`/api/events/?${query}`)
      const fields = expectRefusal(reply, 400, 'VALIDATION_ERROR')
      expect(Object.keys(fields)[0]).toMatch(new RegExp(`^${field}`))
    }
  })

  it('refuses a Last-Event-ID that is none', async () => {
    const reply = await me.get('/api/events/', undefined, { 'Last-Event-ID': 'x' })
    expectRefusal(reply, 400, 'VALIDATION_ERROR', /whole number/)
  })
})

it('streams are no more than an account may have, also when all begin at once', async () => {
  const asked = streamsPerAccount + 10
  const all = await Promise.allSettled(Array.from({ length: asked }, () => follow()))
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(streamsPerAccount)
})
