/** Asks the server. `fetch` will not: it refuses ports on which browsers expect other protocols, such as 6000. */
import { get, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'

const limitMs = 10_000

/** @throws when nobody answers within ten seconds, or with something else than JSON. */
export async function getJson(url: string, headers: Record<string, string> = {}) {
  const signal = AbortSignal.timeout(limitMs)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, signal, agent: false }, resolve).once('error', reject)
  })
  return { status: answer.statusCode ?? 0, body: await json(answer) }
}
