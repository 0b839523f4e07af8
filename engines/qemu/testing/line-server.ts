/** Stands in for QEMU or a guest agent at the other end of a socket. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { LineSplitter } from '../process/lines.ts'

const Request = z.object({
  execute: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  id: z.number().optional(),
})
export type Request = z.infer<typeof Request>

export type LineServer = {
  readonly path: string
  /** Requests so far. */
  readonly requests: readonly Request[]
  /** Sends to the client as it is. */
  send(text: string): void
  /** Cuts the connection. */
  hangUp(): void
  close(): Promise<void>
}

export async function serveLines(options: {
  greeting?: string
  /** Called for each request; says something by `send`. */
  answer: (request: Request, send: (text: string) => void) => void
}): Promise<LineServer> {
  const folder = await mkdtemp(join(tmpdir(), 'garrison-lines-'))
  const path = join(folder, 'test.sock')
  const requests: Request[] = []
  let client: Socket | undefined
  const send = (text: string) => client?.write(text)
  const server = createServer((socket) => {
    client = socket
    const lines = new LineSplitter(10_000, (line) => {
      const request = Request.parse(JSON.parse(line.replaceAll('\ufffd', '')))
      requests.push(request)
      options.answer(request, send)
    })
    socket.on('data', (chunk) => lines.push(chunk))
    socket.on('error', () => {})
    if (options.greeting !== undefined) socket.write(options.greeting)
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    path,
    requests,
    send,
    hangUp: () => client?.destroy(),
    async close() {
      client?.destroy()
      server.close()
      await rm(folder, { recursive: true })
    },
  }
}
