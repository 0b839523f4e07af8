/**
 * The line to one microVM's agent: a unix socket of its QEMU, with any number of channels on it. A guest
 * that does not keep to the protocol loses its line, and nobody else notices.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { GuestError, NotRunningError } from '../../../engine.ts'
import { within } from '../../waiting.ts'
import { Channel, type ChannelEvents } from './channel.ts'
import { type Frame, FrameReader, fields, frame, NONCE_BYTES, readFields } from './frames.ts'

/** The agent takes as many. */
const MAX_CHANNELS = 200
/** Frames in a row that belong to nothing that is open: some are under way when a channel is given up. */
const MAX_STRAYS = 4_096
/** Then nothing more is begun. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024
/** Then the line is lost. More than the windows of all channels, what one can be given, and zeros together. */
const MOST_UNREAD_BYTES = 96 * 1024 * 1024
/** What a frame that waits takes beside its bytes. */
const FRAME_COST_BYTES = 256
/** All that a guest can have been given at start. */
const GIVEN_BYTES = 1216 * 1024
/** It comes in full ones but for the last; each is put behind the others, which is not to be done for every byte. */
const MAX_GIVEN_PIECES = 64
/** More than the buffers of a port have: a device on virtio-mmio has 1,024, a page each. */
const RING_BYTES = 1_088 * 4_096
const ZEROS_BYTES = 64 * 1024

export class AgentLine {
  /** Resolves when the line is gone. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #nonce = randomBytes(NONCE_BYTES)
  readonly #channels = new Map<number, Channel>()
  readonly #greeted = Promise.withResolvers<void>()
  readonly #pings = new Map<string, PromiseWithResolvers<void>>()
  #woken: ((answer: string) => void) | null = null
  #lastChannel = 0
  #lastPing = 0
  #strays = 0
  #failure: Error | null = null
  #isGreeted = false
  #hasAnswered = false
  #held: Buffer[] | null = null
  #told: ((given: Buffer) => void) | null = null
  #given = Buffer.alloc(0)
  #givenPieces = 0
  /** Times that it was asked what it was given, and has not told. */
  #asked = 0
  /** What was said and not read yet, held or sent, each frame with its cost. */
  #unread = 0
  #isGone: (() => void) | null = null
  /** Whether the guest may be without what it was given. Before this line was made, it may have let go. */
  #isWithout = true
  /** An agent that goes on from memory of an earlier release lets go of what it tells, as it tells it. */
  #letsGoWhenAsked = false

  /** Connected, but nothing is said; the guest may not run yet. */
  static async connect(path: string): Promise<AgentLine> {
    const socket = connect(path)
    const connected = Promise.withResolvers<void>()
    socket.once('connect', () => connected.resolve())
    socket.once('error', (error) => connected.reject(error))
    await connected.promise
    return new AgentLine(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    const reader = new FrameReader(this.#nonce, (received) => this.#receive(received))
    const closed = Promise.withResolvers<void>()
    this.closed = closed.promise
    this.#greeted.promise.catch(() => {})
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk)
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error))
        socket.destroy()
      }
    })
    socket.on('close', () => {
      const error =
        this.#failure ?? new NotRunningError('The line to the machine is gone; does it still run?')
      for (const channel of this.#channels.values()) channel.fail(error)
      this.#channels.clear()
      this.#greeted.reject(error)
      for (const ping of this.#pings.values()) ping.reject(error)
      closed.resolve()
    })
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  /** Begins the conversation; whatever was said before counts for nothing. */
  async greet(ms: number): Promise<void> {
    this.#isGreeted = true
    this.#write(frame('H', 0, this.#nonce))
    await within(ms, this.#greeted.promise, silent)
  }

  /**
   * Makes it another machine, and greets it in the same go unless it was greeted before.
   * @param words hostname, machine id, seed, microseconds, nothing, environment; see PROTOCOL.md.
   */
  async wake(words: readonly string[], ms: number): Promise<void> {
    const answer = new Promise<string>((resolve) => {
      this.#woken = resolve
    })
    const greeting = this.#isGreeted ? [] : [frame('H', 0, this.#nonce)]
    this.#isGreeted = true
    this.#write(Buffer.concat([...greeting, frame('W', 0, fields(words))]))
    await within(ms, this.#greeted.promise, silent)
    if ((await within(ms, answer, silent)) !== 'ok')
      throw new GuestError('failed', 'The machine refused to become another one')
  }

  /** Everything that was sent by now was read when this answers. */
  async ping(ms: number): Promise<void> {
    const word = String(++this.#lastPing)
    const answered = Promise.withResolvers<void>()
    this.#pings.set(word, answered)
    this.#send(frame('P', 0, Buffer.from(word)))
    try {
      await within(ms, answered.promise, silent)
    } finally {
      this.#pings.delete(word)
    }
  }

  /**
   * Sends nothing more until the answer is called, and waits until all before was read: a copy of the
   * machine then finds no half of a frame on its line. A guest that does not answer is not waited for.
   */
  async hold(ms: number): Promise<() => void> {
    this.#held ??= []
    await this.ping(ms).catch(() => {})
    return () => this.#letGo()
  }

  /**
   * As {@link hold}, and meanwhile the guest is without what it was given at start, which it has back before
   * anything else that is sent after the answer is called. Throws {@link GuestError}.
   *
   * @param ms For each step.
   * @param keep Called with it before the guest lets go of it, since this process may die in between.
   */
  async holdWithoutSecrets(
    ms: number,
    keep: (given: Buffer) => Promise<void>,
  ): Promise<() => void> {
    this.#held ??= []
    let given: Buffer = Buffer.alloc(0)
    const letGo = () => {
      this.giveBack(given)
      this.#letGo()
    }
    try {
      given = await this.#askGiven(ms)
      if (given.length > 0) {
        await keep(given)
        await this.#askToLetGo(ms)
      }
      await this.ping(ms)
      return letGo
    } catch (error) {
      letGo()
      throw error
    }
  }

  async #askGiven(ms: number): Promise<Buffer> {
    const told = Promise.withResolvers<Buffer>()
    this.#told = told.resolve
    this.#asked += 1
    this.#send(frame('F', 0))
    try {
      return await within(ms, told.promise, silent)
    } finally {
      this.#told = null
    }
  }

  async #askToLetGo(ms: number): Promise<void> {
    this.#isWithout = true
    if (this.#letsGoWhenAsked) {
      const isGone = Promise.withResolvers<void>()
      this.#isGone = isGone.resolve
      this.#send(frame('L', 0))
      await within(ms, isGone.promise, silent)
    }
    // The kernel in the guest uses its buffers in turn, and each has what came with it last.
    for (let sent = 0; sent < RING_BYTES; sent += ZEROS_BYTES)
      this.#send(frame('N', 0, Buffer.alloc(ZEROS_BYTES)))
  }

  /**
   * What a guest has let go of, now or before this line was made. Sent once for each time that it lets go: what its
   * code has set since would be set back.
   */
  giveBack(given: Buffer): void {
    if (given.length === 0 || !this.#isWithout) return
    this.#isWithout = false
    this.#send(frame('B', 0, given))
  }

  /** So that what runs next has the right time, whatever the guest's clock has missed. */
  tellTime(): void {
    const micros = Buffer.alloc(8)
    const now = Math.round((performance.timeOrigin + performance.now()) * 1000)
    micros.writeBigUInt64LE(BigInt(now))
    this.#write(frame('T', 0, micros))
  }

  /**
   * @param allowance Bytes that the guest may send in all, without a window. Left out: any number, as
   *   far as {@link Channel.taken} goes.
   */
  open(words: readonly string[], events: ChannelEvents, allowance: number | null = null): Channel {
    if (!this.isOpen)
      throw new NotRunningError('The line to the machine is gone; does it still run?')
    // Of a guest that reads nothing any more, what was called off waits here all the same.
    if (this.#channels.size >= MAX_CHANNELS || this.#unread > MAX_UNREAD_BYTES)
      throw new GuestError('failed', 'Too much is under way in this machine; wait for some of it')
    this.#lastChannel = (this.#lastChannel % 0x7fff_ffff) + 1
    const id = this.#lastChannel
    const send = (type: string, payload?: Uint8Array) => this.#write(frame(type, id, payload))
    const channel = new Channel(send, events, allowance)
    this.#channels.set(id, channel)
    const forget = () => this.#channels.delete(id)
    channel.ended.then(forget, forget)
    try {
      this.#write(frame('O', id, fields(words)))
    } catch (error) {
      forget()
      throw error
    }
    return channel
  }

  close(): void {
    this.#socket.destroy()
  }

  #letGo(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const bytes of held) {
      this.#unread -= costOf(bytes)
      this.#send(bytes)
    }
  }

  #takeOver(piece: Buffer): void {
    if (this.#asked === 0) throw unasked()
    this.#given = Buffer.concat([this.#given, piece])
    this.#givenPieces += 1
    if (this.#given.length > GIVEN_BYTES || this.#givenPieces > MAX_GIVEN_PIECES)
      throw new GuestError('failed', 'The machine sent more than it may')
    if (piece.length > 0) return
    const given = this.#given
    this.#given = Buffer.alloc(0)
    this.#givenPieces = 0
    this.#asked -= 1
    if (!this.#letsGoWhenAsked) this.#isWithout = true
    // Nobody waits for it any more.
    if (this.#told === null && !this.#letsGoWhenAsked) this.giveBack(given)
    this.#told?.(given)
  }

  #begin([version]: string[]): void {
    if (this.#hasAnswered) throw new GuestError('failed', 'The machine greeted twice')
    this.#hasAnswered = true
    this.#letsGoWhenAsked = version !== '1'
    this.#greeted.resolve()
  }

  #write(bytes: Buffer): void {
    if (this.#held === null) this.#send(bytes)
    else {
      this.#held.push(bytes)
      this.#charge(bytes)
    }
  }

  /** Past what is held. */
  #send(bytes: Buffer): void {
    if (!this.isOpen) return
    this.#charge(bytes)
    this.#socket.write(bytes, () => {
      this.#unread -= costOf(bytes)
    })
  }

  /** Whatever makes us write, a guest that does not read fills no memory but so much. */
  #charge(bytes: Buffer): void {
    this.#unread += costOf(bytes)
    if (this.#unread <= MOST_UNREAD_BYTES) return
    this.#failure ??= new GuestError('failed', 'The machine does not read what is sent to it')
    this.#socket.destroy()
  }

  /** Reading what nobody asked for costs as much as reading what somebody did. */
  #receive(received: Frame): void {
    const isWanted = received.channel === 0 ? this.#answer(received) : this.#tell(received)
    this.#strays = isWanted ? 0 : this.#strays + 1
    if (this.#strays > MAX_STRAYS) throw unasked()
  }

  #tell(received: Frame): boolean {
    const channel = this.#channels.get(received.channel)
    // It may have ended while this was under way.
    if (channel === undefined || channel.isOver) return false
    channel.receive(received)
    return true
  }

  #answer({ type, payload }: Frame): boolean {
    const ping = type === 'P' ? this.#pings.get(payload.toString()) : undefined
    if (type === 'R') this.#begin(readFields(payload))
    if (type === 'W') this.#woken?.(readFields(payload)[0] ?? '')
    if (type === 'F') this.#takeOver(payload)
    if (type === 'L') this.#isGone?.()
    ping?.resolve()
    return ping !== undefined
  }
}

const costOf = (bytes: Buffer) => bytes.length + FRAME_COST_BYTES

const unasked = () => new GuestError('failed', 'The machine sends what nobody asked for')

export const silent = () =>
  new GuestError('silent', 'The machine does not answer; its agent may be busy, or was ended')
