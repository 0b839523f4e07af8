/**
 * A program's terminal and those who look at it. What it prints goes to all of them and to a small memory
 * for whoever comes later. While one is behind, the program waits, as it would for a slow screen; one that
 * stays behind is let go, so that nobody holds up the others for long.
 */
import { keptBytes, ptyCloseCodes } from '@garrison/contract/microvms/ptys'
import type { Pty, PtySize } from '@garrison/engines/engine'
import type { WebSocket } from 'ws'

/** What may lie unsent for a viewer before the program has to wait. */
const mostUnsentBytes = 256 * 1024
/** Until one that does not read is let go. */
export const patienceMs = 10_000
const lookMs = 100

type Socket = Pick<WebSocket, 'send' | 'close' | 'on' | 'pause' | 'resume' | 'bufferedAmount'>

export type Outcome = { readonly status: 'exited' | 'lost'; readonly exitCode: number | null }

const isSize = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1_000

export class Terminal {
  readonly #pty: Pty
  readonly #viewers = new Set<Socket>()
  #kept: Buffer[] = []
  #keptBytes = 0
  #behindSince: number | null = null
  #timer: NodeJS.Timeout | null = null
  #outcome: Outcome | null = null
  size: PtySize
  /** Settles when the program has ended, and everything that it printed was handed on. */
  readonly ended: Promise<Outcome>

  constructor(pty: Pty, size: PtySize) {
    this.#pty = pty
    this.size = size
    const { stream } = pty
    const closed = new Promise<void>((resolve) => {
      stream.once('end', resolve)
      stream.once('close', resolve)
    })
    // How it broke, the exit code tells.
    stream.on('error', () => {})
    stream.on('data', (bytes: Buffer) => this.#show(bytes))
    this.ended = Promise.all([pty.exited, closed]).then(([exitCode]) => this.#end(exitCode))
  }

  get viewers() {
    return this.#viewers.size
  }

  get isOver() {
    return this.#outcome !== null
  }

  resize(size: PtySize) {
    if (this.#outcome !== null) return
    this.size = size
    this.#pty.resize(size)
  }

  /** Hangs up. */
  hangUp() {
    this.#pty.stream.destroy()
  }

  /** `gone` is called once, when the viewer has left. */
  attach(socket: Socket, gone: () => void) {
    if (this.#keptBytes > 0) socket.send(Buffer.concat(this.#kept), { binary: true })
    socket.on('close', () => {
      this.#viewers.delete(socket)
      this.#look()
      gone()
    })
    if (this.#outcome !== null) return this.#dismiss(socket, this.#outcome)
    this.#viewers.add(socket)
    socket.on('message', (data, isBinary) => {
      if (!Buffer.isBuffer(data)) return
      if (isBinary) this.#type(socket, data)
      else this.#obey(socket, data.toString('utf8'))
    })
  }

  #type(socket: Socket, bytes: Buffer) {
    const { stream } = this.#pty
    if (!stream.writable || stream.write(bytes)) return
    socket.pause()
    const goOn = () => {
      stream.off('drain', goOn)
      stream.off('close', goOn)
      socket.resume()
    }
    stream.on('drain', goOn)
    stream.on('close', goOn)
  }

  #obey(socket: Socket, text: string) {
    const said = parsed(text)
    if (said?.type === 'resize' && isSize(said.cols) && isSize(said.rows)) {
      return this.resize({ columns: said.cols, rows: said.rows })
    }
    // Who reads no answers gets none, or they would pile up here.
    if (socket.bufferedAmount > mostUnsentBytes) return
    const message =
      'Text frames are {"type":"resize","cols":1..1000,"rows":1..1000}; what is typed goes in binary frames'
    socket.send(JSON.stringify({ type: 'error', message }))
  }

  #show(bytes: Buffer) {
    this.#keep(bytes)
    for (const socket of this.#viewers) socket.send(bytes, { binary: true })
    this.#look()
  }

  #keep(bytes: Buffer) {
    this.#kept.push(bytes)
    this.#keptBytes += bytes.length
    while (this.#keptBytes > keptBytes) {
      const [first = bytes] = this.#kept
      const over = this.#keptBytes - keptBytes
      if (first.length > over) {
        // Copied: a view would keep all of it.
        this.#kept[0] = Buffer.from(first.subarray(over))
        this.#keptBytes = keptBytes
      } else {
        this.#kept.shift()
        this.#keptBytes -= first.length
      }
    }
  }

  /** Whether somebody is behind: then the program waits, and later so does nobody for them. */
  #look() {
    const { stream } = this.#pty
    const behind = [...this.#viewers].filter((each) => each.bufferedAmount > mostUnsentBytes)
    if (behind.length === 0) {
      this.#behindSince = null
      if (this.#timer !== null) clearInterval(this.#timer)
      this.#timer = null
      if (stream.isPaused()) stream.resume()
      return
    }
    this.#behindSince ??= performance.now()
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref()
    if (performance.now() - this.#behindSince < patienceMs) {
      stream.pause()
      return
    }
    for (const socket of behind) {
      this.#viewers.delete(socket)
      socket.close(
        ptyCloseCodes.tooSlow,
        'You did not read what the program printed; connect again',
      )
    }
    this.#look()
  }

  #end(exitCode: number | null): Outcome {
    if (this.#timer !== null) clearInterval(this.#timer)
    const outcome: Outcome = { status: exitCode === null ? 'lost' : 'exited', exitCode }
    this.#outcome = outcome
    for (const socket of this.#viewers) this.#dismiss(socket, outcome)
    return outcome
  }

  #dismiss(socket: Socket, { status, exitCode }: Outcome) {
    socket.send(JSON.stringify({ type: 'exit', exit_code: exitCode }))
    const why = status === 'exited' ? 'The program ended' : 'The VM ended, or was suspended'
    socket.close(ptyCloseCodes.ended, why)
  }
}

function parsed(text: string): { type?: unknown; cols?: unknown; rows?: unknown } | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
