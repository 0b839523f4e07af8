/**
 * A request goes on to a port of a guest, and its answer comes back. Node's parser has read what arrives and its
 * client writes what goes on anew, on a line for this request alone: nothing that two parsers could read
 * in two ways gets through, and nothing is left over for anybody else's request.
 */
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export type Route = {
  /** Where it goes: as it was asked for, or what is left of that. */
  readonly path: string
  readonly port: number
  /** Of whoever came, and how. */
  readonly client: { readonly address: string | null; readonly proto: string }
  /** Headers that are ours to say. */
  readonly added: Readonly<Record<string, string>>
  /** Headers that the guest is not to see, in small letters; our cookie never. */
  readonly hidden: ReadonlySet<string>
  /** Headers of every answer, in place of the guest's. */
  readonly answered: Readonly<Record<string, string>>
  /** Whether the guest may set cookies here. */
  readonly cookies: boolean
}

export const shareCookie = 'garrison_share'

/** Of one connection, and not of what is said over it (RFC 9110, 7.6.1). */
const hopByHop = [
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'te', 'trailer'],
  ...['proxy-authorization', 'transfer-encoding', 'upgrade', 'expect', 'http2-settings'],
]
/** What a proxy says of whoever came, by any custom. */
const ofProxies = /^(x-forwarded-[\w-]+|x-real-ip|forwarded)$/
const keepAliveMs = 30_000

type Header = [name: string, value: string]

const pairs = (raw: readonly string[]): Header[] =>
  Array.from({ length: raw.length / 2 }, (_, n) => [raw[2 * n] ?? '', raw[2 * n + 1] ?? ''])

/** Without what is of the connection, also by its own word. */
function endToEnd({ rawHeaders, headers }: IncomingMessage): Header[] {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  const dropped = new Set([...hopByHop, ...named.filter((name) => name !== 'content-length')])
  return pairs(rawHeaders).filter(([name]) => !dropped.has(name.toLowerCase()))
}

function headersFor(incoming: IncomingMessage, route: Route): Header[] {
  const { client, added, hidden } = route
  const kept = endToEnd(incoming).flatMap(([name, value]): Header[] => {
    const small = name.toLowerCase()
    if (ofProxies.test(small) || hidden.has(small)) return []
    if (small !== 'cookie') return [[name, value]]
    const cookies = value
      .split(';')
      .filter((each) => !/^garrison[._]/.test(each.trim().replace(/^__(Secure|Host)-/, '')))
    return cookies.length === 0 ? [] : [[name, cookies.join(';').trim()]]
  })
  return [
    ...kept,
    ...(client.address === null ? [] : [['X-Forwarded-For', client.address] as Header]),
    ['X-Forwarded-Host', incoming.headers.host ?? ''],
    ['X-Forwarded-Proto', client.proto],
    ...Object.entries(added),
  ]
}

function headersOf(answer: IncomingMessage, { answered, cookies }: Route): Header[] {
  const replaced = new Set(Object.keys(answered).map((name) => name.toLowerCase()))
  const kept = endToEnd(answer).flatMap(([name, value]): Header[] => {
    const small = name.toLowerCase()
    if (replaced.has(small)) return []
    if (small !== 'set-cookie') return [[name, value]]
    // For its own host only: the names beside it are other people's.
    return cookies ? [[name, value.replace(/;\s*domain\s*=[^;]*/gi, '')]] : []
  })
  return [...kept, ...Object.entries(answered)]
}

const ask = (incoming: IncomingMessage, route: Route, line: Duplex, more: Header[]) =>
  request({
    createConnection: () => line,
    method: incoming.method ?? 'GET',
    path: route.path,
    headers: [...headersFor(incoming, route), ...more].flat(),
    insecureHTTPParser: false,
  })

const heard = (asked: ClientRequest, kind: 'response' | 'upgrade') =>
  new Promise<[IncomingMessage, Duplex, Buffer]>((resolve) =>
    asked.once(kind, (answer, socket, head) => resolve([answer, socket, head])),
  )

/** Without a listener Node would close the line, and tell nobody. */
async function unasked(asked: ClientRequest): Promise<never> {
  const [, line] = await heard(asked, 'upgrade')
  line.destroy()
  throw new Error('The guest has changed the protocol without being asked to')
}

const failed = (asked: ClientRequest) =>
  new Promise<never>((_, reject) => asked.once('error', reject))

/** Rejects when the guest does not answer; what fails later cuts the answer off. */
export async function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  line: Duplex,
  route: Route,
): Promise<void> {
  const chunked = incoming.headers['transfer-encoding'] !== undefined
  const asked = ask(incoming, route, line, [
    ['Connection', 'close'],
    ...(chunked ? [['Transfer-Encoding', 'chunked'] as Header] : []),
  ])
  response.once('close', () => asked.destroy())
  // A guest may answer before it has read everything, or not read it at all.
  pipeline(incoming, asked).catch(() => {})
  const [answer] = await Promise.race([heard(asked, 'response'), unasked(asked), failed(asked)])
  asked.on('error', () => response.destroy())
  incoming.socket.setKeepAlive(true, keepAliveMs)
  incoming.socket.setNoDelay(true)
  const { statusCode = 502, statusMessage = '' } = answer
  response.writeHead(statusCode, statusMessage, headersOf(answer, route).flat())
  // Node writes headers with what comes first, in its encoding: a guest's bytes would be others in UTF-8.
  response.write('', 'latin1')
  await pipeline(answer, response).catch(() => response.destroy())
}

/** A websocket: once the guest has agreed, bytes go both ways until one of them ends. */
export async function forwardUpgrade(
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
  line: Duplex,
  route: Route,
): Promise<void> {
  const upgrade: Header[] = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
  ]
  const asked = ask(incoming, route, line, upgrade)
  client.once('close', () => asked.destroy())
  asked.end()
  const agreed = heard(asked, 'upgrade')
  const refused = heard(asked, 'response')
  const [answer, guest, first] = await Promise.race([agreed, refused, failed(asked)])
  asked.on('error', () => client.destroy())
  incoming.socket.setKeepAlive(true, keepAliveMs)
  incoming.socket.setNoDelay(true)
  incoming.socket.setTimeout(0)
  const isAgreed = guest !== undefined
  const headers = [...headersOf(answer, route), ...(isAgreed ? upgrade : [])]
  const lines = [
    `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(isAgreed ? [] : ['Connection: close']),
  ]
  client.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  if (!isAgreed) {
    await pipeline(answer, client).catch(() => client.destroy())
    return
  }
  guest.write(head)
  client.write(first)
  await Promise.allSettled([pipeline(client, guest), pipeline(guest, client)])
  client.destroy()
  guest.destroy()
}
