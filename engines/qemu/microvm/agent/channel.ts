/** Something that was opened in a guest, by way of its line; the guest may break each rule, and loses its line then. */
import { GuestError } from '../../../engine.ts'
import { type Frame, readFields, WINDOW_BYTES } from './frames.ts'

/** How a channel ended, in the agent's words. */
export type ChannelEnd = {
  readonly exitCode: number
  readonly cpuMicros: number
  readonly timedOut: boolean
  readonly truncated: boolean
}

export type ChannelEvents = {
  /** `stream`: 1 or 2. Call {@link Channel.taken} when the bytes are used. */
  onData?(bytes: Buffer, stream: number): void
  /** A connection was made. */
  onConnected?(): void
  /** The guest sends no more. */
  onEof?(): void
  /** Bytes of our own were taken. */
  onRoom?(): void
}

/** Something that was opened in the guest. */
export class Channel {
  /** How it ended. Rejects with {@link GuestError} as the guest says, or when the line is gone. */
  readonly ended: Promise<ChannelEnd>
  readonly #ended = Promise.withResolvers<ChannelEnd>()
  readonly #send: (type: string, payload?: Uint8Array) => void
  readonly #events: ChannelEvents
  /** Bytes that the guest may send without a window, in all; `null`: it has a window. */
  #allowance: number | null
  #window = WINDOW_BYTES
  #untold = 0
  #room = WINDOW_BYTES
  #isOver = false

  constructor(
    send: (type: string, payload?: Uint8Array) => void,
    events: ChannelEvents,
    allowance: number | null,
  ) {
    this.#send = send
    this.#events = events
    this.#allowance = allowance
    this.ended = this.#ended.promise
    this.ended.catch(() => {})
  }

  /** Bytes that can be sent right now. */
  get room(): number {
    return this.#isOver ? 0 : this.#room
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** At most {@link room} bytes. */
  send(bytes: Uint8Array): void {
    this.#room -= bytes.length
    this.#send('D', bytes)
  }

  sendEof(): void {
    if (!this.#isOver) this.#send('E')
  }

  cancel(): void {
    if (!this.#isOver) this.#send('C')
  }

  resize(columns: number, rows: number): void {
    const size = Buffer.alloc(4)
    size.writeUInt16LE(columns, 0)
    size.writeUInt16LE(rows, 2)
    if (!this.#isOver) this.#send('Z', size)
  }

  /** Bytes of the guest's have been used, and as many more may come. */
  taken(bytes: number): void {
    this.#untold += bytes
    if (this.#isOver || this.#allowance !== null || this.#untold < WINDOW_BYTES / 4) return
    const more = Buffer.alloc(4)
    more.writeUInt32LE(this.#untold)
    this.#window += this.#untold
    this.#untold = 0
    this.#send('A', more)
  }

  receive({ type, payload }: Frame): void {
    switch (type) {
      case 'D':
        this.#charge(payload.length)
        if (payload.length > 1) this.#events.onData?.(payload.subarray(1), payload[0] ?? 0)
        // Each carries a byte that nobody will say is used.
        this.#untold += 1
        break
      case 'A':
        if (payload.length === 4) this.#room += payload.readUInt32LE(0)
        if (this.#room > WINDOW_BYTES)
          throw new GuestError('failed', 'The machine took more than it was sent')
        this.#events.onRoom?.()
        break
      case 'E':
        this.#events.onEof?.()
        break
      case 'K':
        this.#events.onConnected?.()
        break
      case 'X':
        this.#end(readFields(payload))
        break
      default:
        throw new GuestError('failed', 'The machine sent what is no part of the protocol')
    }
  }

  /** Ends it without the guest's word, as called off; what it still says is ignored. */
  giveUp(): void {
    this.#isOver = true
    this.#ended.resolve({ exitCode: 137, cpuMicros: 0, timedOut: false, truncated: false })
  }

  fail(error: Error): void {
    this.#isOver = true
    this.#ended.reject(error)
  }

  #charge(bytes: number): void {
    if (this.#allowance === null) this.#window -= bytes
    else this.#allowance -= bytes
    if (this.#window < 0 || (this.#allowance ?? 0) < 0)
      throw new GuestError('failed', 'The machine sent more than it may')
  }

  #end([kind, ...rest]: string[]): void {
    this.#isOver = true
    if (kind === 'exit') {
      const [exitCode = 0, cpuMicros = 0, timedOut = 0, truncated = 0] = rest.map(Number)
      const code = Number.isInteger(exitCode) ? exitCode & 255 : 255
      const cpu = Number.isFinite(cpuMicros) ? Math.max(0, cpuMicros) : 0
      this.#ended.resolve({
        ...{ exitCode: code, cpuMicros: cpu },
        ...{ timedOut: timedOut === 1, truncated: truncated === 1 },
      })
    } else {
      const [reason = '', message = ''] = rest
      this.#ended.reject(new GuestError(knownReason(reason), message.slice(0, 500)))
    }
  }
}

const REASONS = ['not-found', 'exists', 'denied', 'no-language', 'full', 'cancelled', 'failed']
const knownReason = (text: string) => (REASONS.includes(text) ? text : 'failed')
