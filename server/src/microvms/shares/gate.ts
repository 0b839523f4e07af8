/**
 * Who comes to a port of a machine, at an address of its own or below `/v1/app/`: beside the API, since
 * what is said there is between a browser and a guest. A guest never sees a key or a cookie of ours.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { mayWrite } from '@garrison/contract/access'
import { EngineError } from '@garrison/engines/engine'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { AccountService } from '../../accounts/service.ts'
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import type { Database } from '../../database/database.ts'
import { clientAddress, isTrusted, networkOf } from '../../http/addresses.ts'
import type { Log } from '../../log.ts'
import type { Hosting } from '../hosting.ts'
import type { ShareAddresses } from './addresses.ts'
import { createFinding, type Place } from './finding.ts'
import { forward, forwardUpgrade, type Route } from './proxy.ts'
import { createShareCookies, page, signInPath } from './sign-in.ts'

const connectMs = 15_000
/** Of the channels that a machine's agent has, so that its owner's work keeps some. */
const mostPerMachine = 128
const most = 4_096
/** So that nobody's shares take the places of everybody's. */
const mostPerAccount = most / 4
const lookMs = 5_000
const failuresPerMinute = 30
const largestForm = 4_096

class Refusal extends Error {
  readonly status: number
  readonly headers: Record<string, string>
  constructor(status: number, words: string, headers: Record<string, string> = {}) {
    super(words)
    this.status = status
    this.headers = headers
  }
}

type Deps = {
  db: Database
  clock: Clock
  config: Config
  accounts: AccountService
  hosting: Hosting
  addresses: ShareAddresses
  secret: string
  log: Log
}

/** The key that opened it; null: nobody asked for one. */
type Admitted = { keyId: string | null; inAuthorization: boolean }
/** There from before it is connected, so that those which are opening count. */
type Live = { place: Place; keyId: string | null; end(): void }

export function createShareGate(deps: Deps) {
  const { db, config, accounts, hosting, addresses, log } = deps
  const finding = createFinding({ db, addresses })
  const cookies = createShareCookies(deps)
  const failures = new RateLimiterMemory({ points: failuresPerMinute, duration: 60 })
  const live = new Set<Live>()

  /** As a proxy that the operator trusts says; nobody else is believed. */
  const isSecure = ({ headers, socket }: IncomingMessage) =>
    isTrusted(socket.remoteAddress ?? null, config.server.trusted_proxies) &&
    headers['x-forwarded-proto'] === 'https'

  const addressOf = ({ headers, socket }: IncomingMessage) =>
    clientAddress(
      socket.remoteAddress ?? null,
      [headers['x-forwarded-for']].flat().join(',') || undefined,
      config.server.trusted_proxies,
    )

  async function requireKey(incoming: IncomingMessage, key: string, place: Place) {
    const found = /^\S{1,512}$/.test(key) ? await accounts.authenticate(db, key) : null
    if (found === null) {
      const counted = await failures.consume(networkOf(addressOf(incoming))).catch(() => null)
      if (counted === null) throw new Refusal(429, 'Too many wrong keys', { 'Retry-After': '60' })
      throw new Refusal(401, 'This API key is unknown, revoked or expired')
    }
    return requireTheirs(found, place)
  }

  function requireTheirs(
    found: NonNullable<Awaited<ReturnType<AccountService['holder']>>>,
    place: Place,
  ) {
    // A stranger learns nothing.
    if (found.accountId !== place.machine.account_id) throw nowhere()
    if (!mayWrite(found.access)) {
      throw new Refusal(403, 'This API key is read-only; use one that may change something')
    }
    return String(found.keyId)
  }

  async function admit(incoming: IncomingMessage, place: Place): Promise<Admitted> {
    if (place.isPublic) return { keyId: null, inAuthorization: false }
    const shown = keyIn(incoming)
    if (shown !== null) {
      const inAuthorization = incoming.headers['x-api-key'] === undefined
      return { keyId: await requireKey(incoming, shown, place), inAuthorization }
    }
    const keyId = place.prefix === null ? cookies.keyIn(incoming.headers.cookie, place.name) : null
    const found = keyId === null ? null : await accounts.holder(db, keyId)
    if (found === null) {
      throw new Refusal(401, 'This is private: it takes an API key of its account, as X-API-Key')
    }
    requireOwnPage(incoming)
    return { keyId: requireTheirs(found, place), inAuthorization: false }
  }

  function requireOpen({ machine }: Place) {
    if (accounts.suspensions.isSuspended(machine.account_id)) {
      throw new Refusal(403, 'The account of this is suspended')
    }
    if (machine.status === 'running') return
    const words = `The VM is ${machine.status}`
    throw new Refusal(503, `${words}; nothing answers now`, { 'Retry-After': '5' })
  }

  function requireFree(place: Place) {
    const { id, account_id } = place.machine
    const theirs = [...live].filter((each) => each.place.machine.account_id === account_id)
    const there = theirs.filter((each) => each.place.machine.id === id)
    const isFull = theirs.length >= mostPerAccount || live.size >= most
    if (there.length >= mostPerMachine || isFull) {
      throw new Refusal(503, 'Too many connections at once', { 'Retry-After': '5' })
    }
  }

  /** `leave` is called where nothing comes of it, once nothing of it is left in the machine either. */
  async function connect({ machine, port }: Place, leave: () => void): Promise<Duplex> {
    const late = Promise.withResolvers<never>()
    let timer: NodeJS.Timeout | undefined
    try {
      const opening = hosting.engine(machine.region).connectPort(machine.id, port)
      timer = setTimeout(() => {
        opening.then((line) => line.destroy()).then(leave, leave)
        late.reject(new Refusal(504, 'The VM does not answer'))
      }, connectMs)
      return await Promise.race([opening, late.promise])
    } catch (error) {
      if (error instanceof Refusal) throw error
      leave()
      if (!(error instanceof EngineError)) throw error
      throw new Refusal(502, `Nothing answers on port ${port} of the VM: ${error.message}`)
    } finally {
      clearTimeout(timer)
    }
  }

  function routeOf(incoming: IncomingMessage, place: Place, { inAuthorization }: Admitted): Route {
    const isOurs = /^(api-key +\S+|bearer +(brk_|grt_)\S+)$/i.test(
      incoming.headers.authorization?.trim() ?? '',
    )
    return {
      ...{ path: place.path, port: place.port, cookies: place.prefix === null },
      client: { address: addressOf(incoming), proto: isSecure(incoming) ? 'https' : 'http' },
      added: place.prefix === null ? {} : { 'X-Forwarded-Prefix': place.prefix },
      hidden: new Set(['x-api-key', ...(inAuthorization || isOurs ? ['authorization'] : [])]),
      // Below the API, a page of a guest must not be one of the API's.
      answered:
        place.prefix === null
          ? {}
          : {
              'Content-Security-Policy': 'sandbox allow-scripts allow-forms allow-popups',
              'X-Content-Type-Options': 'nosniff',
              'Service-Worker-Allowed': '/none',
              'Cache-Control': 'no-store',
            },
    }
  }

  /** Everything up to the guest's port; what ends it is known from then on. */
  async function enter(incoming: IncomingMessage, end: (line: Duplex) => void) {
    requireOneHost(incoming)
    const place = await finding.find(incoming)
    if (place === null) throw nowhere()
    const admitted = await admit(incoming, place)
    requireOpen(place)
    requireFree(place)
    const entry: Live = { place, keyId: admitted.keyId, end() {} }
    live.add(entry)
    const leave = () => void live.delete(entry)
    const line = await connect(place, leave)
    line.on('error', () => {})
    entry.end = () => end(line)
    line.once('close', leave)
    return { line, route: routeOf(incoming, place, admitted), leave }
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse) {
    const encoding = incoming.headers['transfer-encoding']
    if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') {
      throw new Refusal(501, 'Only chunked bodies are taken')
    }
    if (incoming.url?.split('?')[0] === signInPath) return signIn(incoming, response)
    const { line, route, leave } = await enter(incoming, (guest) => {
      guest.destroy()
      response.destroy()
    })
    try {
      if (response.destroyed) return
      await forward(incoming, response, line, route)
    } finally {
      leave()
      line.destroy()
    }
  }

  async function signIn(incoming: IncomingMessage, response: ServerResponse) {
    const place = await finding.find(incoming)
    if (place === null || place.prefix !== null) throw nowhere()
    const length = Number(incoming.headers['content-length'] ?? Number.NaN)
    if (incoming.method !== 'POST') throw new Refusal(405, 'Send a form', { Allow: 'POST' })
    if (!(length <= largestForm)) throw new Refusal(413, 'Send a form of at most 4 KiB')
    const key = new URLSearchParams(await text(incoming)).get('key')?.trim() ?? ''
    const keyId = await requireKey(incoming, key, place)
    const cookie = cookies.headerFor(place.name, keyId, isSecure(incoming))
    response.writeHead(303, { Location: '/', 'Set-Cookie': cookie, 'Cache-Control': 'no-store' })
    response.end()
  }

  function asRefusal(error: unknown, incoming: IncomingMessage): Refusal {
    if (error instanceof Refusal) return error
    log('debug', 'a guest did not answer', { host: incoming.headers.host, error })
    return new Refusal(502, 'The VM has closed the connection without an answer')
  }

  /** Ends what may not go on: revoked, private by now, its key revoked, its machine gone. */
  async function lookAgain() {
    const seen = new Map<string, boolean>()
    for (const each of [...live]) {
      const { kind, name, machine } = each.place
      const what = `${kind} ${name} ${machine.id} ${each.keyId}`
      const may = seen.get(what) ?? (await mayGoOn(each))
      seen.set(what, may)
      if (!may) each.end()
    }
  }

  async function mayGoOn({ place, keyId }: Live): Promise<boolean> {
    const now = await finding.again(place)
    if (now === null || accounts.suspensions.isSuspended(now.machine.account_id)) return false
    if (now.isPublic) return true
    return keyId !== null && (await accounts.holder(db, keyId)) !== null
  }

  const timer = setInterval(() => {
    if (live.size === 0) return
    lookAgain().catch((error: unknown) => log('warn', 'cannot look after shares', { error }))
  }, lookMs).unref()

  return {
    lookAgain,
    takes: finding.takes,

    request(incoming: IncomingMessage, response: ServerResponse) {
      handle(incoming, response).catch((error: unknown) => {
        const refusal = asRefusal(error, incoming)
        if (response.headersSent) return void response.destroy()
        const { type, body, headers } = wordsOf(refusal, incoming)
        // What is left of a body is nobody's next request.
        const all = { ...headers, 'Content-Type': type, 'Content-Length': body.length }
        response.writeHead(refusal.status, { ...all, Connection: 'close' })
        response.end(incoming.method === 'HEAD' ? undefined : body)
      })
    },

    upgrade(incoming: IncomingMessage, client: Duplex, head: Buffer) {
      client.on('error', () => {})
      const entering = enter(incoming, (line) => {
        line.destroy()
        client.destroy()
      })
      entering
        .then(async ({ line, route, leave }) => {
          await forwardUpgrade(incoming, client, head, line, route).finally(leave)
        })
        .catch((error: unknown) => {
          const refusal = asRefusal(error, incoming)
          const words = [
            `HTTP/1.1 ${refusal.status} Refused`,
            'Content-Type: application/json',
            'Connection: close',
          ]
          const body = JSON.stringify({ detail: refusal.message })
          client.end(
            `${words.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
          )
        })
    },

    /** Ends everything that is under way. */
    close() {
      clearInterval(timer)
      for (const each of [...live]) each.end()
    },
  }
}

export type ShareGate = ReturnType<typeof createShareGate>

const nowhere = () => new Refusal(404, 'Nothing is shared here')

/** The guest would get both, and might go by the other one. */
function requireOneHost({ rawHeaders }: IncomingMessage) {
  const hosts = rawHeaders.filter((name, n) => n % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) throw new Refusal(400, 'Send one Host header')
}

function keyIn({ headers }: IncomingMessage): string | null {
  const inHeader = [headers['x-api-key']].flat()[0]
  const [, bearer] = /^(?:api-key|bearer) +(\S+)$/i.exec(headers.authorization?.trim() ?? '') ?? []
  return inHeader ?? bearer ?? null
}

/** A cookie is sent along by pages of others too, whose addresses are beside this one. */
function requireOwnPage({ headers, method }: IncomingMessage) {
  const { origin, host } = headers
  const isForeign = origin !== undefined && origin.replace(/^https?:\/\//, '') !== host
  const from = headers['sec-fetch-site']
  const navigates = method === 'GET' && headers['sec-fetch-mode'] === 'navigate'
  const isBeside = from === 'cross-site' || from === 'same-site'
  if (isForeign || (isBeside && !navigates)) {
    throw new Refusal(403, 'Another page may not ask for this; send a key')
  }
}

function wordsOf(refusal: Refusal, { headers, url = '' }: IncomingMessage) {
  const isPage = headers.accept?.includes('text/html') === true && !/^(\/v1)?\/v1\/app\//.test(url)
  const csp =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
  const more = {
    ...refusal.headers,
    ...{ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' },
    ...(refusal.status === 401 && { 'WWW-Authenticate': 'Bearer' }),
  }
  if (!isPage) {
    const body = Buffer.from(JSON.stringify({ detail: refusal.message }))
    return { type: 'application/json', body, headers: more }
  }
  const title = refusal.status === 401 ? 'This is private' : 'Nothing to see'
  return {
    type: 'text/html; charset=utf-8',
    body: Buffer.from(page(title, refusal.message, refusal.status === 401)),
    headers: { ...more, 'Content-Security-Policy': csp },
  }
}
