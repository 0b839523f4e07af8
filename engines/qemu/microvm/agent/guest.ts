/** What can be done in a microVM by way of its agent. */
import { type Duplex, Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import {
  type Command,
  type ExecuteResult,
  type ExecuteSpec,
  GuestError,
  type Language,
  OUTPUT_BYTES,
  type Pty,
  type PtySize,
} from '../../../engine.ts'
import { Locks } from '../../../locks.ts'
import { abortable, within } from '../../waiting.ts'
import type { Channel, ChannelEnd } from './channel.ts'
import { duplexOf } from './duplex.ts'
import { type AgentLine, silent } from './line.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Both streams, and what frames add to them. */
const RUN_ALLOWANCE = 2 * OUTPUT_BYTES + 1024 * 1024
const SILENCE_MS = 60_000
/** Behind the time that code had: the guest is told then to end it, and not waited for any longer. */
const LATE_MS = 500
const LOST_MS = 2_500

export class MicrovmGuest {
  readonly line: AgentLine
  readonly #languages = new Locks()
  readonly #silenceMs: number

  /** @param silenceMs Of the guest's, when it is its turn; then what was asked of it is given up. */
  constructor(line: AgentLine, silenceMs = SILENCE_MS) {
    this.line = line
    this.#silenceMs = silenceMs
  }

  async execute(spec: ExecuteSpec, signal?: AbortSignal): Promise<ExecuteResult> {
    const { language, timeoutMs } = spec
    const deadline = performance.now() + timeoutMs
    const waiting = new AbortController()
    const late = setTimeout(() => waiting.abort(busy(language, timeoutMs)), timeoutMs)
    // What is called off now must not begin later: to end it then would cost the interpreter its state.
    const callOff = () => waiting.abort(calledOff(language))
    signal?.addEventListener('abort', callOff, { once: true })
    if (signal?.aborted) callOff()
    const begin = () => {
      clearTimeout(late)
      const left = Math.max(1, Math.round(deadline - performance.now()))
      return this.#run({ ...spec, timeoutMs: left }, signal)
    }
    try {
      return await this.#languages.run(language, begin, waiting.signal)
    } finally {
      clearTimeout(late)
      signal?.removeEventListener('abort', callOff)
    }
  }

  async #run(
    { language, code, timeoutMs, env = {} }: ExecuteSpec,
    signal?: AbortSignal,
  ): Promise<ExecuteResult> {
    const output = new Output()
    const words = ['run', language, String(timeoutMs), code, ...entriesOf(env)]
    const started = performance.now()
    this.line.tellTime()
    const channel = this.line.open(words, { onData: output.add }, RUN_ALLOWANCE)
    const { exitCode, cpuMicros, timedOut, truncated } = await endOf(channel, timeoutMs, signal)
    return {
      ...{ exitCode, timedOut, ...output.texts() },
      truncated: truncated || output.truncated,
      seconds: (performance.now() - started) / 1000,
      cpuSeconds: cpuMicros / 1e6,
    }
  }

  /** A command of the image's shell, line by line. Answers its exit code. */
  async command(
    shell: string,
    { timeoutMs, onText }: CommandOptions,
    signal?: AbortSignal,
  ): Promise<{ exitCode: number; timedOut: boolean }> {
    // Of each stream: a character may come in two pieces.
    const decoders = [new StringDecoder('utf8'), new StringDecoder('utf8')] as const
    const channel: Channel = this.line.open(['exec', String(timeoutMs), '/app', shell], {
      onData: (bytes, kind) => {
        onText(decoders[kind === 2 ? 1 : 0].write(bytes))
        channel.taken(bytes.length)
      },
    })
    channel.sendEof()
    return endOf(channel, timeoutMs, signal)
  }

  async readFile(path: string): Promise<Readable> {
    return this.#reading(['read', asPath(path)])
  }

  async readFolder(path: string): Promise<Readable> {
    const quoted = `'${asPath(path).replaceAll("'", "'\\''")}'`
    return this.#reading(['exec', '0', '/', `exec tar -C ${quoted} -cf - .`])
  }

  async writeFile(
    path: string,
    content: AsyncIterable<Uint8Array>,
    {
      mode = 0o644,
      mostBytes = Number.POSITIVE_INFINITY,
      signal = new AbortController().signal,
    }: { mode?: number; mostBytes?: number; signal?: AbortSignal } = {},
  ): Promise<{ sizeBytes: number }> {
    let room = Promise.withResolvers<void>()
    const words = ['write', asPath(path), (mode & 0o7777).toString(8)]
    const channel = this.line.open(words, { onRoom: () => room.resolve() })
    channel.ended.finally(() => room.resolve()).catch(() => {})
    const answer = <T>(work: Promise<T>) => abortable(within(this.#silenceMs, work, silent), signal)
    let sizeBytes = 0
    try {
      for await (const chunk of content) {
        sizeBytes += chunk.length
        if (sizeBytes > mostBytes)
          throw new GuestError('full', `It has more than ${mostBytes} bytes`)
        for (let at = 0; at < chunk.length && !channel.isOver; ) {
          const piece = chunk.subarray(at, at + Math.min(channel.room, 64 * 1024))
          if (piece.length > 0) channel.send(piece)
          else await answer(room.promise)
          if (piece.length === 0) room = Promise.withResolvers<void>()
          at += piece.length
        }
        if (channel.isOver) break
      }
      channel.sendEof()
      await answer(channel.ended)
      return { sizeBytes }
    } catch (error) {
      channel.cancel()
      channel.giveUp()
      throw error
    }
  }

  async openPty(
    { columns, rows }: PtySize,
    { command = '', env = {} }: { command?: string; env?: Readonly<Record<string, string>> } = {},
  ): Promise<Pty> {
    const words = ['pty', String(columns), String(rows), command, ...entriesOf(env)]
    const { stream, channel } = duplexOf(this.line, words, { ends: 'both' })
    const exited = channel.ended.then(
      ({ exitCode }) => exitCode,
      () => null,
    )
    return { stream, exited, resize: (size) => channel.resize(size.columns, size.rows) }
  }

  async openCommand(
    command: string | null,
    { env = {} }: { env?: Readonly<Record<string, string>> } = {},
  ): Promise<Command> {
    const started = performance.now()
    this.line.tellTime()
    const words = ['exec', '0', '/root', command ?? 'exec "$0"', ...entriesOf(env)]
    const { stream, errors, channel } = duplexOf(this.line, words)
    const exited = channel.ended.then(
      ({ exitCode, cpuMicros }) => ({
        ...{ exitCode, cpuSeconds: cpuMicros / 1e6 },
        seconds: (performance.now() - started) / 1000,
      }),
      () => null,
    )
    return { stream, errors, exited }
  }

  async connectPort(port: number): Promise<Duplex> {
    const { stream, channel, connected } = duplexOf(this.line, ['connect', String(port)])
    try {
      await within(this.#silenceMs, Promise.race([connected, channel.ended]), silent)
    } catch (error) {
      stream.destroy()
      channel.giveUp()
      throw error
    }
    return stream
  }

  /** Waits for the first of it, so that what is not there is an error and not an empty stream. */
  async #reading(words: readonly string[]): Promise<Readable> {
    const first = Promise.withResolvers<void>()
    const stream = new Readable({
      read: () => {
        for (const bytes of untold.splice(0)) channel.taken(bytes)
      },
      destroy: (error, done) => {
        clearTimeout(silence)
        channel.cancel()
        done(error)
      },
    })
    const untold: number[] = []
    const channel: Channel = this.line.open(words, {
      onData: (bytes, kind) => {
        silence.refresh()
        first.resolve()
        // Copied: it is a part of what came with it, which would be kept with it.
        if (kind !== 1 || stream.push(Buffer.from(bytes))) channel.taken(bytes.length)
        else untold.push(bytes.length)
      },
    })
    const silence = setTimeout(() => {
      // Then it is whoever reads that is slow.
      if (untold.length > 0) return silence.refresh()
      const error = new GuestError('silent', 'The machine sends no more of it')
      first.reject(error)
      stream.destroy(error)
    }, this.#silenceMs)
    const isCommand = words[0] === 'exec'
    if (isCommand) channel.sendEof()
    channel.ended.then(
      ({ exitCode }) => {
        clearTimeout(silence)
        const failed = new GuestError('failed', 'The folder cannot be packed; is there a tar?')
        if (isCommand && exitCode !== 0) first.reject(failed)
        if (isCommand && exitCode !== 0) stream.destroy(failed)
        else stream.push(null)
        first.resolve()
      },
      (error: Error) => {
        clearTimeout(silence)
        first.reject(error)
        stream.destroy(error)
      },
    )
    stream.on('error', () => {})
    await first.promise
    return stream
  }
}

/**
 * The guest keeps the time, by a clock that may be slow, and ends what is called off; one that does neither
 * is given up.
 * @param ms 0: no limit.
 */
async function endOf(channel: Channel, ms: number, signal?: AbortSignal): Promise<ChannelEnd> {
  let isLate = false
  let lost: NodeJS.Timeout | undefined
  const stop = () => {
    channel.cancel()
    lost ??= setTimeout(() => channel.giveUp(), LOST_MS - LATE_MS)
  }
  const tooLong = () => {
    isLate = true
    stop()
  }
  const late = ms > 0 ? setTimeout(tooLong, ms + LATE_MS) : undefined
  signal?.addEventListener('abort', stop, { once: true })
  try {
    if (signal?.aborted) stop()
    const end = await channel.ended
    return isLate ? { ...end, exitCode: 124, timedOut: true } : end
  } finally {
    clearTimeout(late)
    clearTimeout(lost)
    signal?.removeEventListener('abort', stop)
  }
}

const busy = (language: Language, ms: number) =>
  new GuestError(
    'busy',
    `Other code of ${language} ran in this machine for all of the ${ms / 1000} s that this could wait; it was not begun`,
  )

const calledOff = (language: Language) =>
  new GuestError('busy', `It was called off while other code of ${language} ran; it was not begun`)

type CommandOptions = {
  /** 0: none. */
  readonly timeoutMs: number
  readonly onText: (text: string) => void
}

/** What a run prints, no more of it than is promised. */
class Output {
  truncated = false
  readonly #streams = [new Growing(), new Growing()] as const

  readonly add = (bytes: Buffer, stream: number): void => {
    const printed = this.#streams[stream === 2 ? 1 : 0]
    const left = OUTPUT_BYTES - printed.length
    if (bytes.length > left) this.truncated = true
    printed.add(bytes.subarray(0, left))
  }

  texts() {
    const [stdout, stderr] = this.#streams
    return { stdout: stdout.text(), stderr: stderr.text() }
  }
}

/** One buffer: kept apart, bytes that come one by one would take a hundred times their size. */
class Growing {
  length = 0
  #bytes = Buffer.alloc(0)

  add(bytes: Buffer): void {
    const needed = this.length + bytes.length
    if (needed > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.length, 1024))
      this.#bytes.copy(larger, 0, 0, this.length)
      this.#bytes = larger
    }
    bytes.copy(this.#bytes, this.length)
    this.length = needed
  }

  text(): string {
    return this.#bytes.toString('utf8', 0, this.length)
  }
}

/** Throws {@link GuestError} for a name that no shell could set. */
export function entriesOf(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => {
    if (!NAME.test(name))
      throw new GuestError('failed', `Not the name of a variable: ${JSON.stringify(name)}`)
    return `${name}=${value}`
  })
}

function asPath(path: string): string {
  if (path.startsWith('/') && path.length < 4096) return path
  throw new GuestError('failed', 'A path must begin with / and have less than 4096 characters')
}
