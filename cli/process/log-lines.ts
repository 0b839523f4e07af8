/** The server's log: a line of JSON for each event, and plain text where Node itself complained. */
import { closeSync, fstatSync, openSync, readSync, watch } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

export type LogLine = { level: 'info' | 'warn' | 'error'; text: string }

const warnLevel = 40
const errorLevel = 50

export function parseLogLine(line: string): LogLine {
  const entry = parseEntry(line)
  if (typeof entry?.level !== 'number' || typeof entry.msg !== 'string') {
    return { level: 'error', text: line }
  }
  const { level, msg } = entry
  const cause = entry.error?.message
  return {
    level: level >= errorLevel ? 'error' : level >= warnLevel ? 'warn' : 'info',
    text: typeof cause === 'string' ? `${msg}: ${cause}` : msg,
  }
}

type Entry = { level?: unknown; msg?: unknown; error?: { message?: unknown } | null }

function parseEntry(line: string): Entry | null {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/** Hands over whole lines appended to `file` after byte `offset`, until it is closed. */
export class LogFollower implements Disposable {
  readonly #fd: number
  readonly #watcher
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: LogLine) => void
  #offset: number
  #rest = ''

  constructor(file: string, offset: number, onLine: (line: LogLine) => void) {
    this.#fd = openSync(file, 'r')
    this.#offset = offset
    this.#onLine = onLine
    this.#watcher = watch(file, () => this.readOn())
    this.readOn()
  }

  /** Takes what is there now, without waiting to be told. */
  readOn() {
    // The server cuts a log that has become long.
    if (fstatSync(this.#fd).size < this.#offset) this.#offset = 0
    const buffer = Buffer.alloc(64 * 1024)
    for (;;) {
      const length = readSync(this.#fd, buffer, 0, buffer.length, this.#offset)
      if (length === 0) return
      this.#offset += length
      const lines = (this.#rest + this.#decoder.write(buffer.subarray(0, length))).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') this.#onLine(parseLogLine(line))
    }
  }

  [Symbol.dispose]() {
    this.#watcher.close()
    closeSync(this.#fd)
  }
}
