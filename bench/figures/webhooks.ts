/** From a change to its arrival at a webhook's receiver, beside a plain POST to the same receiver. */
import { createServer } from 'node:http'
import type { Api } from '../api.ts'
import { percentile, summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

const rounds = 3
/** Each makes a script and removes it: two changes, one after the other. */
const pairs = 50
const warmUp = 10

type Made = { script: { id: string } }

/** The server must allow the loopback interface as a target. */
export async function measureWebhooks(api: Api): Promise<Measured[]> {
  await using receiver = await listen()
  const { webhook } = await api.request<{ webhook: { id: string } }>('POST', '/api/webhooks/', {
    url: receiver.url,
    event_patterns: ['script.*'],
  })
  const change = async () => {
    const times: number[] = []
    const timed = async <T>(act: () => Promise<T>): Promise<T> => {
      const arrival = receiver.next()
      const began = performance.now()
      const result = await act()
      times.push((await arrival) - began)
      return result
    }
    const script = '#!/bin/sh\n'
    const made = await timed(() =>
      api.request<Made>('POST', '/api/scripts/', { name: 'bench', script }),
    )
    await timed(() => api.request('DELETE', `/api/scripts/${made.script.id}/`))
    return times
  }
  const post = async () => {
    const arrival = receiver.next()
    const began = performance.now()
    const response = await fetch(receiver.url, { method: 'POST', body: '{}' })
    await response.arrayBuffer()
    return [(await arrival) - began]
  }

  for (let n = 0; n < warmUp; n++) await change()
  const measured = { ours: [] as number[][], bare: [] as number[][] }
  for (let round = 0; round < rounds; round++) {
    measured.bare.push(await many(post, pairs * 2))
    measured.ours.push(await many(change, pairs))
  }
  await api.request('DELETE', `/api/webhooks/${webhook.id}/`)
  const row = (rank: 50 | 99): Measured => ({
    figure: `webhook, change to arrival, p${rank}`,
    unit: 'ms',
    value: summarize(measured.ours.map((times) => percentile(times, rank))),
    floor: {
      ...summarize(measured.bare.map((times) => percentile(times, rank))),
      what: 'a plain POST to the same receiver',
    },
    ...(rank === 50 && { note: 'the request that makes the change is part of it' }),
  })
  return [row(50), row(99)]
}

async function many(act: () => Promise<number[]>, count: number) {
  const times: number[] = []
  for (let n = 0; n < count; n++) times.push(...(await act()))
  return times
}

/** Answers everybody, and tells when somebody came. */
async function listen() {
  let waiting: ((at: number) => void) | null = null
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      waiting?.(performance.now())
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/`,
    /** When the next one comes. */
    next: () =>
      new Promise<number>((resolve) => {
        waiting = resolve
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
