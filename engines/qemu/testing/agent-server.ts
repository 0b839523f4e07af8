/** Stands in for the agent of a microVM, at the other end of its line. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Frame, frame, HEADER_BYTES } from '../microvm/agent/frames.ts'

const MAGIC = Buffer.from('\0garrison-line1\0', 'latin1')

export type AgentServer = {
  readonly path: string
  /** Types of the frames so far, greetings among them. */
  readonly seen: string[]
  /** Each connection so far. */
  readonly sockets: Socket[]
  close(): Promise<void>
}

/**
 * Greets as it should, and does `answer` with everything else.
 *
 * @param options.version Of the protocol that it speaks; `null`: it answers no greeting.
 */
export async function serveAgent({
  version = '2',
  answer = () => {},
}: {
  version?: string | null
  answer?: (asked: Frame, socket: Socket) => void
} = {}): Promise<AgentServer> {
  const folder = await mkdtemp(join(tmpdir(), 'garrison-agent-'))
  const seen: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    let kept = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      kept = Buffer.concat([kept, chunk])
      while (kept.length >= HEADER_BYTES) {
        const end = HEADER_BYTES + kept.readUInt32LE(0)
        if (kept.length < end) return
        const type = kept.toString('latin1', 4, 5)
        const payload = kept.subarray(HEADER_BYTES, end)
        const asked = { type, channel: kept.readUInt32LE(5), payload }
        kept = kept.subarray(end)
        seen.push(type)
        if (type !== 'H') answer(asked, socket)
        else if (version !== null)
          socket.write(Buffer.concat([MAGIC, payload, frame('R', 0, Buffer.from(`${version}\0`))]))
      }
    })
  })
  const path = join(folder, 'agent.sock')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    ...{ path, seen, sockets },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await rm(folder, { recursive: true })
    },
  }
}
