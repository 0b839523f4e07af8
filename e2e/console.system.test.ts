/** Looking into a real machine: its serial line, its screen, and what it uses. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestServer } from './server.ts'

let server: TestServer
let id: string

beforeAll(async () => {
  server = await TestServer.start()
  const key = await server.post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  const { body } = await server.post('/api/deploy/', {
    vm_name: 'watched',
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
    ssh_key_ids: [key.body.ssh_key.id],
  })
  id = body.data.instance_id
  await server.readyInstance(id)
})
afterAll(() => server?.dispose())

/** A websocket that a token opens, as a browser does it. */
async function watch(kind: 'console' | 'display') {
  const { status, body } = await server.post(`/api/instances/${id}/console-token/`, { kind })
  expect(status, JSON.stringify(body)).toBe(200)
  const socket = new WebSocket(new URL(body.url, server.url.replace('http', 'ws')))
  socket.binaryType = 'arraybuffer'
  let heard = ''
  socket.addEventListener('message', ({ data }) => {
    heard += Buffer.from(data).toString('latin1')
  })
  const closed = new Promise<number>((resolve) =>
    socket.addEventListener('close', ({ code }) => resolve(code)),
  )
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  return {
    socket,
    closed,
    type: (words: string) => socket.send(words),
    says: (words: string | RegExp) => expect.poll(() => heard, { timeout: 60_000 }).toMatch(words),
  }
}

const answer = (sum: number) => new RegExp(`\\r\\n${sum}\\r\\n`)

it('the console shows what was printed, takes what is typed, and answers to all', async () => {
  const one = await watch('console')
  await one.says('press Enter')
  const other = await watch('console')
  await other.says('press Enter')
  one.type('\r')
  await one.says(/:~# /)
  one.type('echo $((6*7))\r')
  await one.says(answer(42))
  await other.says(answer(42))
  other.type('echo $((6*8))\r')
  await one.says(answer(48))
})

it('the display greets in its protocol', async () => {
  const screens = [await watch('display'), await watch('display')]
  for (const screen of screens) await screen.says(/^RFB 003\.\d{3}\n/)
  for (const { socket } of screens) socket.close()
})

it('the console is there again after the server was killed', async () => {
  const before = await watch('console')
  await server.kill()
  expect(await before.closed).toBe(1006)
  await server.launch()
  const after = await watch('console')
  await after.says(answer(48))
  after.type('echo $((6*9))\r')
  await after.says(answer(54))
})

it('the console goes on over a restart of the guest, and ends with the machine', async () => {
  const line = await watch('console')
  await server.post(`/api/instances/${id}/reboot/`)
  await server.settled()
  await server.readyInstance(id)
  line.type('\recho $((7*9))\r')
  await line.says(answer(63))
  await server.post(`/api/instances/${id}/stop/`)
  expect(await line.closed).toBe(4000)
  await server.instanceIn(id, 'SHUTOFF')
  const { body } = await server.get(`/api/instances/${id}/console-log/?bytes=4096`)
  expect(body.log).toMatch(answer(63))
  await server.post(`/api/instances/${id}/start/`)
  await server.readyInstance(id)
  await (await watch('console')).says('press Enter')
})
