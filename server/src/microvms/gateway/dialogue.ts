/** One channel of a connection: what the client asks for, and how it is told the end. */
import type { PtySize } from '@garrison/engines/engine'
import { EngineError } from '@garrison/engines/engine'
import type { Connection, ServerChannel, Session } from 'ssh2'
import { DomainError } from '../../errors.ts'
import type { Log } from '../../log.ts'

/** `null`: whoever has the answer is gone. */
export type Exit = { readonly code: number | null; readonly words?: string }

/** What the client has asked for. */
export type Wanted = {
  /** Null: a shell. */
  command: string | null
  /** Null: without a terminal. */
  size: PtySize | null
  env: Record<string, string>
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal
  /** Something was typed or shown. */
  readonly touch: () => void
  /** Called when the client's window has another size, and when it sends a signal. */
  resized: (size: PtySize) => void
  signalled: (name: string) => void
}

export type Begin = (channel: ServerChannel, wanted: Wanted) => Promise<Exit>

const localeName = /^(LANG|LC_[A-Z]{1,20})$/
const plain = /^[\w.@:+-]{1,64}$/
const mostSide = 1_000
const refusals = {
  x11: 'X11 is not forwarded here',
  agent: 'Your agent is not forwarded: machines never see your keys',
}

const within = (count: number) => Math.min(mostSide, Math.max(1, Math.trunc(count) || 1))
const sizeOf = ({ cols, rows }: { cols: number; rows: number }): PtySize => ({
  ...{ columns: within(cols), rows: within(rows) },
})

/** Listens before the client has said anything. `begin` is called at most once. */
export function converse(
  session: Session,
  client: Connection,
  { begin, touch, log }: { begin: Begin; touch: () => void; log: Log },
): Promise<void> {
  const over = Promise.withResolvers<void>()
  const gone = new AbortController()
  let hasBegun = false
  const leave = () => {
    gone.abort()
    if (!hasBegun) over.resolve()
  }
  const wanted: Wanted = {
    ...{ command: null, size: null, env: {}, gone: gone.signal, touch },
    ...{ resized: () => {}, signalled: () => {} },
  }
  const notes = new Set<string>()
  client.once('close', leave)
  session.on('close', leave)
  session.on('pty', (accept, reject, info) => {
    if (hasBegun) return reject?.()
    wanted.size = sizeOf(info)
    if (plain.test(info.term)) wanted.env.TERM = info.term
    accept?.()
  })
  session.on('env', (accept, reject, { key, val }) => {
    if (hasBegun || !localeName.test(key) || !plain.test(val)) return reject?.()
    wanted.env[key] = val
    accept?.()
  })
  session.on('window-change', (accept, _, info) => {
    touch()
    wanted.resized(sizeOf(info))
    accept?.()
  })
  session.on('signal', (accept, _, { name }) => {
    wanted.signalled(name)
    accept?.()
  })
  session.on('x11', (_, reject) => {
    notes.add(refusals.x11)
    reject?.()
  })
  session.on('auth-agent', (_, reject) => {
    notes.add(refusals.agent)
    reject?.()
  })

  function run(channel: ServerChannel | undefined, command: string | null) {
    if (channel === undefined) return
    hasBegun = true
    channel.on('error', () => {})
    channel.stderr.on('error', () => {})
    channel.on('close', leave)
    channel.on('data', touch)
    channel.pause()
    wanted.command = command
    const isTerminal = wanted.size !== null
    // A script that runs commands is not to find words of ours among theirs.
    if (isTerminal) for (const words of notes) say(channel, words, true)
    begin(channel, wanted)
      .catch((error: unknown) => (gone.signal.aborted ? { code: troubleCode } : exitOf(error, log)))
      .then((exit) => dismiss(channel, exit, isTerminal))
      .catch((error: unknown) => log('warn', 'an SSH channel did not end', { error }))
      .finally(over.resolve)
  }
  session.on('shell', (accept) => run(accept(), null))
  session.on('exec', (accept, _, { command }) => run(accept(), command))
  session.on('subsystem', (accept, _, { name }) => {
    const channel: ServerChannel | undefined = accept()
    if (channel === undefined) return
    channel.on('error', () => {})
    channel.stderr.on('error', () => {})
    const words =
      name === 'sftp'
        ? 'There is no sftp or scp here; pipe files (tar c FILES | ssh VM tar x), or send them over the API'
        : `There is no subsystem "${name.slice(0, 40)}" here`
    dismiss(channel, { code: 1, words }, false)
  })
  return over.promise.finally(() => client.off('close', leave))
}

function say(channel: ServerChannel, words: string, isTerminal: boolean) {
  channel.stderr.write(`garrison: ${words}${isTerminal ? '\r\n' : '\n'}`)
}

function dismiss(channel: ServerChannel, { code, words }: Exit, isTerminal: boolean) {
  if (words !== undefined) say(channel, words, isTerminal)
  if (code === null) channel.exit('HUP', false, words ?? '')
  else channel.exit(code)
  channel.resume()
  channel.end()
}

/** As `ssh` itself tells that something other than the command went wrong. */
const troubleCode = 255

function exitOf(error: unknown, log: Log): Exit {
  if (error instanceof DomainError || error instanceof EngineError) {
    return { code: troubleCode, words: error.message }
  }
  log('error', 'something asked for by SSH failed', { error })
  return { code: troubleCode, words: 'Something went wrong on our side' }
}
