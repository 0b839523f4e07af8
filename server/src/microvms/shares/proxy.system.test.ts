/** What goes through to a port of a real guest: whole bodies both ways, streams, websockets. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { buildSpec, microvmSpec } from '@garrison/engines/contract/microvms'
import { makeMicrovmWorld } from '@garrison/engines/qemu/testing/microvm-world'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { forward, forwardUpgrade } from './proxy.ts'

/** Answers bodies with what they hash to, or streams, or echoes after an upgrade. */
const guest = `
import hashlib, os, socketserver, threading, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        left = int(self.headers["Content-Length"]); seen = hashlib.sha256()
        while left > 0:
            part = self.rfile.read(min(left, 65536)); seen.update(part); left -= len(part)
        body = seen.hexdigest().encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.headers.get("Upgrade"):
            self.wfile.write(b"HTTP/1.1 101 Yes\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n"); self.wfile.flush()
            while True:
                part = self.connection.recv(65536)
                if not part: break
                self.connection.sendall(part.upper())
            self.close_connection = True
            return
        self.send_response(200); self.end_headers()
        for n in range(64): self.wfile.write(bytes([n]) * 65536)
        self.close_connection = True
    def log_message(self, *all): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
`

let world: Awaited<ReturnType<typeof makeMicrovmWorld>>
let server: Server
let port: number
beforeAll(async () => {
  world = await makeMicrovmWorld({ each: 1, all: 1 })
  const { microvms, order } = world
  const built = buildSpec({ id: randomUUID() })
  await microvms.buildMicrovmSnapshot(built, () => {}, order())
  const spec = microvmSpec({ snapshot: built.id, tenant: built.tenant })
  await microvms.ensureMicrovm(spec, order())
  const code = { language: 'python', code: guest, timeoutMs: 60_000 } as const
  expect(await microvms.execute(spec.id, code)).toMatchObject({ exitCode: 0, stderr: '' })
  const route = ({ url = '/' }: IncomingMessage) => ({
    ...{ path: url, port: 8080, added: {}, hidden: new Set<string>(), answered: {}, cookies: true },
    client: { address: '192.0.2.1', proto: 'http' },
  })
  const line = () => microvms.connectPort(spec.id, 8080)
  server = createServer(async (incoming, response) =>
    forward(incoming, response, await line(), route(incoming)),
  )
  server.on('upgrade', async (incoming, socket, head) =>
    forwardUpgrade(incoming, socket, head, await line(), route(incoming)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as { port: number }).port
})
afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  await world?.dispose()
})

async function ask(method: string, body?: Buffer) {
  const asked = request({ port, host: '127.0.0.1', method })
  asked.end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return buffer(answer)
}

it('is all there, whatever its size, and several at once', async () => {
  const bodies = [3_000_000, 1, 200_000].map((size) => randomBytes(size))
  const hashes = await Promise.all(bodies.map((body) => ask('POST', body)))
  expect(hashes.map(String)).toEqual(
    bodies.map((body) => createHash('sha256').update(body).digest('hex')),
  )
  const wanted = Buffer.concat(Array.from({ length: 64 }, (_, n) => Buffer.alloc(65_536, n)))
  expect((await ask('GET')).equals(wanted)).toBe(true)
})

it('may be a websocket', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  )
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /)
  socket.write('abc')
  expect(String((await once(socket, 'data'))[0])).toBe('ABC')
  socket.destroy()
})
