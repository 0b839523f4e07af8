/** Waiting, against a server that says what each test wants. */
import { expect, it } from 'vitest'
import type { ServerSentEvent } from './server-sent-events.ts'
import type { Namespaces } from './types.ts'
import { createWaiting } from './waiting.ts'

const event: ServerSentEvent = { id: '1', event: 'operation.progress', data: {} }

const someTime = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** An operation that is in these states, one after another, each time that it is looked at. */
function server(states: string[], hear: () => AsyncIterable<ServerSentEvent>) {
  const operation = { id: 'x', kind: 'stop-instance', error: null, cancel_requested: false }
  return createWaiting({
    operations: {
      async get() {
        await someTime(5)
        return { operation: { ...operation, state: states.shift() } }
      },
    },
    events: { stream: hear },
  } as unknown as Namespaces)
}

it('looks again at once when something happens, also when that was during a look', async () => {
  const heard = server(Array(20).fill('running').concat('done'), async function* () {
    for (;;) {
      yield event
      await someTime(1)
    }
  })
  const before = performance.now()
  await expect(heard.waitFor('x')).resolves.toMatchObject({ state: 'done' })
  expect(performance.now() - before).toBeLessThan(2_000)
})

it('goes on looking where nothing can be heard', async () => {
  const deaf = server(['running', 'done'], async function* () {
    yield* [] as ServerSentEvent[]
    throw new Error('no such stream')
  })
  await expect(deaf.waitFor('x')).resolves.toMatchObject({ state: 'done' })
})

it('ends when it is told to, and when what it waits for has failed', async () => {
  const silent = async function* () {
    yield* [] as ServerSentEvent[]
  }
  const control = new AbortController()
  const waiting = server(Array(99).fill('running'), silent).waitFor('x', { signal: control.signal })
  control.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(server(['running', 'failed'], silent).waitFor('x')).rejects.toThrow(
    'stop-instance was undone: failed',
  )
})
