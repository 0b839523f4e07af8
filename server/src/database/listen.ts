/**
 * Hears what others NOTIFY, over a connection of its own that is made again when it breaks. What was
 * said meanwhile is lost, so whoever listens must also be able to look: `onReconnect` says when to.
 *
 * It needs a connection to PostgreSQL itself, or a pooler in session mode.
 */
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import type { Log } from '../log.ts'

export type Listener = {
  /** Answers once notifications flow, or, while the database is away, at once. */
  subscribe(channel: string, hear: (payload: string) => void): Promise<void>
  /** `look` is called each time after notifications may have been missed. */
  onReconnect(look: () => void): void
  close(): Promise<void>
}

const shortestPauseMs = 100
const longestPauseMs = 5_000

/** Rejects when the database cannot be reached now; later it waits for it to come back. */
export async function openListener(connection: pg.ClientConfig, log: Log): Promise<Listener> {
  const channels = new Map<string, Set<(payload: string) => void>>()
  const lookers = new Set<() => void>()
  const closing = new AbortController()
  let link = await connect()
  const reconnecting = reconnectUntilClosed()

  async function connect() {
    const client = new pg.Client({
      application_name: 'garrison-listener',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      ...connection,
    })
    const ended = new Promise<void>((resolve) => client.once('end', resolve))
    client.on('error', () => {})
    client.on('notification', ({ channel, payload = '' }) => {
      for (const hear of channels.get(channel) ?? []) guarded(() => hear(payload))
    })
    try {
      await client.connect()
      for (const channel of channels.keys()) await listen(client, channel)
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
    return { client, ended }
  }

  async function reconnectUntilClosed() {
    for (;;) {
      await link.ended
      if (closing.signal.aborted) return
      log('warn', 'lost the connection that hears notifications', {})
      if (!(await reconnect())) return
      log('info', 'notifications are heard again', {})
      for (const look of lookers) guarded(look)
    }
  }

  async function reconnect(): Promise<boolean> {
    let waitMs = shortestPauseMs
    while (!closing.signal.aborted) {
      try {
        const made = await connect()
        if (closing.signal.aborted) {
          await made.client.end()
          return false
        }
        link = made
        return true
      } catch (error) {
        log('debug', 'cannot listen for notifications yet', { error })
        await pause(waitMs, undefined, { signal: closing.signal }).catch(() => {})
        waitMs = Math.min(waitMs * 2, longestPauseMs)
      }
    }
    return false
  }

  /** What a listener does wrong is not the connection's fault. */
  function guarded(call: () => void) {
    try {
      call()
    } catch (error) {
      log('error', 'a listener for notifications failed', { error })
    }
  }

  return {
    async subscribe(channel, hear) {
      const hearers = channels.get(channel) ?? new Set()
      channels.set(channel, hearers.add(hear))
      // A connection that breaks here listens to all channels when it is made again.
      await listen(link.client, channel).catch(() => {})
    },
    onReconnect(look) {
      lookers.add(look)
    },
    async close() {
      closing.abort()
      await link.client.end().catch(() => {})
      await reconnecting
    },
  }
}

const listen = (client: pg.Client, channel: string) =>
  client.query(`listen ${pg.escapeIdentifier(channel)}`)
