import { expect, it } from 'vitest'
import { streamEvents } from './server-sent-events.ts'
import { createTransport, type Request as Sent } from './transport.ts'

const request: Sent = {
  method: 'GET',
  path: '/api/events/',
  headers: {},
  body: null,
  repeatable: true,
}

/** A server that gives one of the answers each time that it is asked. */
function server(...answers: (() => Response)[]) {
  const lastIds: (string | null)[] = []
  const transport = createTransport({
    url: 'http://cloud.test',
    key: 'brk_test',
    timeoutMs: 1_000,
    retries: 0,
    retryDelayMs: 1,
    fetch: async (input, init) => {
      lastIds.push(new Request(input, init).headers.get('last-event-id'))
      const answer = answers.shift()
      if (answer === undefined) throw new TypeError('gone')
      return answer()
    },
  })
  return { transport, lastIds }
}

const stream = (text: string) => () =>
  new Response(text, { headers: { 'Content-Type': 'text/event-stream' } })

it('goes on after a break where it was', async () => {
  const { transport, lastIds } = server(
    stream('retry: 1\n\nid: 1\nevent: instance.active\ndata: {"a": 1}\n\n'),
    stream('id: 2\nevent: instance.shutoff\ndata: plain\n\n: a comment\n\n'),
  )
  const control = new AbortController()
  const seen: unknown[] = []
  for await (const event of streamEvents(transport, { ...request, signal: control.signal })) {
    seen.push(event)
    if (seen.length === 2) control.abort()
  }
  expect(seen).toEqual([
    { id: '1', event: 'instance.active', data: { a: 1 } },
    { id: '2', event: 'instance.shutoff', data: 'plain' },
  ])
  expect(lastIds).toEqual([null, '1'])
})

it('keeps to itself that the server is alive, and asks again when it is silent', async () => {
  const silent = () =>
    new Response(
      new ReadableStream({
        start: (controller) =>
          controller.enqueue(new TextEncoder().encode('id: 3\nevent: alive\ndata: {}\n\n')),
      }),
    )
  const { transport, lastIds } = server(
    silent,
    stream('id: 4\nevent: instance.active\ndata: 1\n\n'),
  )
  for await (const event of streamEvents(transport, request, 20)) {
    expect(event).toEqual({ id: '4', event: 'instance.active', data: 1 })
    break
  }
  expect(lastIds).toEqual([null, '3'])
})

it('ends when the server refuses it', async () => {
  const refusal = () =>
    Response.json(
      { success: false, message: 'No', error_code: 'INVALID_API_KEY', request_id: 'a1b2c3d4' },
      { status: 401 },
    )
  const { transport } = server(refusal)
  await expect(Array.fromAsync(streamEvents(transport, request))).rejects.toThrow('No')
})

it('lets go of the connection when nobody listens any more', async () => {
  let cancelled = false
  const { transport } = server(
    () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
          cancel: () => {
            cancelled = true
          },
        }),
      ),
  )
  for await (const { data } of streamEvents(transport, request)) {
    expect(data).toBe(1)
    break
  }
  expect(cancelled).toBe(true)
})
