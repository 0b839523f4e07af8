/** Something that was opened in a guest, as streams; neither side sends more than the other takes. */
import { Duplex, Readable } from 'node:stream'
import type { Channel } from './channel.ts'
import type { AgentLine } from './line.ts'

const PIECE_BYTES = 64 * 1024
const ERRORS = 2

/**
 * `stream` is what goes in and what comes out; `errors` is what comes out as such, and is to be read where
 * anything does. Destroying the stream calls it off. `ends`: `both`, where what goes in is over with what comes out.
 */
export function duplexOf(
  line: AgentLine,
  words: readonly string[],
  { ends = 'each' }: { ends?: 'each' | 'both' } = {},
) {
  const connected = Promise.withResolvers<void>()
  let waiting: (() => void) | null = null
  const wakeWriter = () => {
    const next = waiting
    waiting = null
    next?.()
  }
  const push = (chunk: Buffer, done: () => void) => {
    if (channel.isOver) return done()
    const piece = chunk.subarray(0, Math.min(channel.room, PIECE_BYTES))
    if (piece.length > 0) channel.send(piece)
    if (piece.length === chunk.length) return done()
    waiting = () => push(chunk.subarray(piece.length), done)
    if (piece.length > 0 && channel.room > 0) wakeWriter()
  }
  /** Not used yet, of each. */
  const untold = { output: [] as number[], errors: [] as number[] }
  const use = (bytes: number[]) => {
    for (const count of bytes.splice(0)) channel.taken(count)
  }
  const stream = new Duplex({
    allowHalfOpen: ends === 'each',
    read: () => use(untold.output),
    write: (chunk: Buffer, _, done) => push(chunk, done),
    final: (done) => {
      channel.sendEof()
      done()
    },
    destroy: (error, done) => {
      channel.cancel()
      wakeWriter()
      done(error)
    },
  })
  const errors = new Readable({ read: () => use(untold.errors) })
  const channel: Channel = line.open(words, {
    onData: (bytes, kind) => {
      const [to, later] = kind === ERRORS ? [errors, untold.errors] : [stream, untold.output]
      // Copied: it is a part of what came with it, which would be kept with it.
      if (to.push(Buffer.from(bytes))) channel.taken(bytes.length)
      else later.push(bytes.length)
    },
    onEof: () => stream.push(null),
    onRoom: wakeWriter,
    onConnected: () => connected.resolve(),
  })
  channel.ended.then(
    () => {
      for (const each of [stream, errors])
        if (!each.readableEnded && !each.destroyed) each.push(null)
      wakeWriter()
    },
    (error: Error) => {
      stream.destroy(error)
      errors.destroy(error)
    },
  )
  stream.on('error', () => {})
  errors.on('error', () => {})
  return { stream, errors, channel, connected: connected.promise }
}
