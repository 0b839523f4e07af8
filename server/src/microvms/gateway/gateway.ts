/**
 * SSH into microVMs (`ssh VM_ID@host`), and a few verbs about them (`ssh host ls`). We end the connection
 * and talk to the machine's agent, so guests see no key and need no SSH server. Keys are those of the
 * account. Whoever has no key here learns nothing; to whoever has one, a stranger's machine is not there.
 */
import { createServer, type Socket } from 'node:net'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import ssh2, { type AuthContext, type Connection, type ServerChannel } from 'ssh2'
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import type { Database } from '../../database/database.ts'
import { DomainError } from '../../errors.ts'
import { networkOf } from '../../http/addresses.ts'
import { PortTaken } from '../../http/listen.ts'
import type { Log } from '../../log.ts'
import type { Services } from '../../services.ts'
import { converse, type Exit, type Wanted } from './dialogue.ts'
import { createInside } from './inside.ts'
import { whoShows } from './proof.ts'
import { type Holder, keysThere } from './store.ts'
import { createVerbs } from './verbs.ts'
import { createVisitors, namesMachine, type Visitor } from './visitor.ts'

export { sshHostKey } from './host-key.ts'

const failuresPerMinute = 30
const triesOfConnection = 10
const loginMs = 20_000
/** Without a shell or command. */
const unusedMs = 60_000
const excessMs = 10_000
const mostConnections = 1_024
/** Of those who have not said who they are: from one address, and in all. */
const mostStrangersOfAddress = 16
const mostStrangers = 128
const sessionsOfConnection = 8
const longestName = 128
const lookMs = 5_000
const patienceMs = 5_000

/** One that is open. */
type Live = {
  readonly socket: Socket
  readonly network: string
  /** Null until they have proved who they are. */
  visitor: Visitor | null
  /** Keys of accounts whose machines they have come to. */
  readonly used: Set<Holder>
  /** More than the account may have: it is told so, and ended. */
  isExcess: boolean
  sessions: number
  /** Commands that run, and verbs that are carried out: with those, silence is no idleness. */
  busy: number
  /** When something was last typed or shown. */
  touchedAt: number
}

export type GatewayDeps = {
  db: Database
  clock: Clock
  config: Config
  services: Services
  log: Log
  /** OpenSSH's text of the private key that clients know us by. */
  hostKey: string
}

/** Throws {@link PortTaken}. `port` 0 is any. */
export async function startSshGateway(deps: GatewayDeps, { host, port }: Place) {
  const { db, clock, config, services, log } = deps
  const { accounts } = services
  const { connections_per_account, idle_seconds } = config.microvms.ssh
  const visitors = createVisitors({ db, ...services })
  const carryOut = createVerbs({ db, ...services })
  const enter = createInside({ db, clock, ...services })
  const failures = new RateLimiterMemory({ points: failuresPerMinute, duration: 60 })
  const requests = new RateLimiterMemory({ points: config.limits.writes_per_minute, duration: 60 })
  const live = new Set<Live>()
  const underWay = new Set<Promise<void>>()
  const now = () => clock.now().getTime()

  /** Null: come in. Nobody who has yet to prove anything is told more than that it is over. */
  function whyFull(network: string): string | null {
    const strangers = [...live].filter(({ visitor }) => visitor === null)
    const fromThere = strangers.filter((each) => each.network === network).length
    if (live.size >= mostConnections || strangers.length >= mostStrangers) return 'full'
    return fromThere >= mostStrangersOfAddress ? 'too many at once from there' : null
  }

  async function isGuessing(network: string) {
    const counted = await failures.get(network)
    return (counted?.consumedPoints ?? 0) >= failuresPerMinute
  }

  async function receive(socket: Socket) {
    socket.on('error', () => {})
    const network = networkOf(socket.remoteAddress ?? null)
    const refuse = (refusal: string) => {
      log('debug', 'an SSH connection was refused', { network, refusal })
      socket.destroy()
    }
    const full = whyFull(network)
    if (full !== null) return refuse(full)
    const connection: Live = {
      ...{ socket, network, visitor: null, used: new Set(), isExcess: false },
      ...{ sessions: 0, busy: 0, touchedAt: now() },
    }
    live.add(connection)
    const late = setTimeout(() => {
      if (connection.visitor === null) socket.destroy()
    }, loginMs).unref()
    socket.once('close', () => {
      clearTimeout(late)
      live.delete(connection)
    })
    if (await isGuessing(network)) return refuse('too many wrong keys')
    // One each, so that its socket is known from the first byte on.
    const server = new ssh2.Server({ hostKeys: [deps.hostKey], ident: 'garrison' }, (client) =>
      attend(client, connection),
    )
    server.injectSocket(socket)
  }

  function attend(client: Connection, connection: Live) {
    let tries = 0
    client.on('error', (error: Error) => log('debug', 'an SSH connection broke', { error }))
    client.on('authentication', (shown) => {
      authenticate(shown, connection)
        .catch((error: unknown) => {
          log('error', 'cannot look up an SSH key', { error })
          return false
        })
        .then((isGood) => {
          if (isGood) return shown.accept()
          shown.reject(['publickey'])
          if (++tries >= triesOfConnection) connection.socket.destroySoon()
        })
    })
    client.on('session', (accept, reject) => {
      const { visitor } = connection
      if (visitor === null || connection.sessions >= sessionsOfConnection) return reject()
      connection.sessions++
      const touch = () => {
        connection.touchedAt = now()
      }
      touch()
      const begin = (channel: ServerChannel, wanted: Wanted) =>
        serve(connection, visitor, channel, wanted)
      const work = converse(accept(), client, { begin, touch, log }).finally(() => {
        connection.sessions--
        underWay.delete(work)
      })
      underWay.add(work)
    })
  }

  async function authenticate(shown: AuthContext, connection: Live): Promise<boolean> {
    if (shown.method !== 'publickey') return false
    const found = shown.username.length > longestName ? null : await whoShows(db, shown)
    if (found === null) {
      await failures.consume(connection.network).catch(() => {})
      return false
    }
    if (!found.isProved) return true
    connection.visitor = {
      ...{ holders: found.holders, fingerprint: found.fingerprint, userName: shown.username },
      address: connection.socket.remoteAddress ?? null,
    }
    connection.touchedAt = now()
    if (isExcess(connection.visitor)) {
      connection.isExcess = true
      setTimeout(() => connection.socket.destroy(), excessMs).unref()
    }
    return true
  }

  /** Anybody may have registered this key as theirs too, so one account with room is enough. */
  function isExcess({ holders }: Visitor) {
    const counted = [...live].filter((each) => !each.isExcess)
    return holders.every(({ accountId }) => {
      const isTheirs = (holder: Holder) => holder.accountId === accountId
      const open = counted.filter(({ visitor }) => visitor?.holders.some(isTheirs)).length
      return open > connections_per_account
    })
  }

  async function requireRoom({ isExcess }: Live, { fingerprint }: Visitor) {
    if (isExcess) {
      const words = `An account has at most ${connections_per_account} SSH connections at once`
      throw new DomainError('LIMIT_EXCEEDED', `${words}; close one first`)
    }
    const counted = await requests.consume(fingerprint).catch(() => null)
    if (counted !== null) return
    const words = `A key may ask for ${config.limits.writes_per_minute} things a minute by SSH`
    throw new DomainError('RATE_LIMIT_EXCEEDED', `${words}; wait a moment`)
  }

  /** As the visitor is by now: without accounts that have removed the key. */
  async function again(visitor: Visitor): Promise<Visitor> {
    const ids = visitor.holders.map(({ keyId }) => keyId)
    const there = await keysThere(db, ids)
    const holders = visitor.holders.filter(({ keyId }) => there.has(keyId))
    if (holders.length > 0) return { ...visitor, holders }
    throw new DomainError('INVALID_API_KEY', 'This SSH key is not registered any more')
  }

  async function serve(
    connection: Live,
    known: Visitor,
    channel: ServerChannel,
    wanted: Wanted,
  ): Promise<Exit> {
    const visitor = await again(known)
    visitors.requireActive(visitor)
    await requireRoom(connection, visitor)
    const isTerminal = wanted.size !== null
    // A terminal in which nothing happens is idle; a command is at work.
    if (!isTerminal) connection.busy++
    try {
      if (namesMachine(visitor.userName)) {
        const place = await visitors.machine(visitor)
        connection.used.add(place.holder)
        return await enter(place, channel, wanted)
      }
      channel.resume()
      const { caller, holder } = await visitors.caller(visitor)
      connection.used.add(holder)
      const printed = await carryOut(caller, wanted.command ?? 'help')
      channel.write(isTerminal ? printed.replaceAll('\n', '\r\n') : printed)
      return { code: 0 }
    } finally {
      if (!isTerminal) connection.busy--
      wanted.touch()
    }
  }

  /** Ends what may not go on: its key removed, its account suspended, nothing said for long. */
  async function lookAgain() {
    const known = [...live].flatMap(({ visitor }) => visitor?.holders ?? [])
    const there = await keysThere(db, [...new Set(known.map(({ keyId }) => keyId))])
    const isGood = ({ keyId, accountId }: Holder) =>
      there.has(keyId) && !accounts.suspensions.isSuspended(accountId)
    const mayGoOn = ({ visitor, used, busy, sessions, touchedAt }: Live) => {
      if (visitor === null) return true
      const longestMs = sessions > 0 ? idle_seconds * 1000 : unusedMs
      const isIdle = busy === 0 && now() - touchedAt >= longestMs
      return !isIdle && visitor.holders.some(isGood) && [...used].every(isGood)
    }
    for (const each of [...live]) if (!mayGoOn(each)) each.socket.destroy()
  }

  const timer = setInterval(() => {
    if (live.size === 0) return
    lookAgain().catch((error: unknown) => log('warn', 'cannot look after SSH', { error }))
  }, lookMs).unref()

  const listener = createServer((socket) => {
    receive(socket).catch((error: unknown) => {
      log('warn', 'cannot take an SSH connection', { error })
      socket.destroy()
    })
  })
  const actual = await listening(listener, { host, port })

  return {
    port: actual,
    lookAgain,

    /** Ends every connection. What verbs have begun is carried out all the same. */
    async close() {
      clearInterval(timer)
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()))
      for (const { socket } of live) socket.destroy()
      await closed
      const patience = Promise.withResolvers<void>()
      const late = setTimeout(patience.resolve, patienceMs)
      await Promise.race([Promise.all(underWay), patience.promise])
      clearTimeout(late)
    },
  }
}

type Place = { host: string; port: number }

async function listening(server: ReturnType<typeof createServer>, { host, port }: Place) {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (error: NodeJS.ErrnoException) => {
      const words = `Port ${port} on ${host} is taken; choose another as microvms.ssh.port`
      reject(error.code === 'EADDRINUSE' ? new PortTaken(words) : error)
    })
    server.listen(port, host)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}
