import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { requireFreePort } from './port.ts'

it('leaves a free port free', async () => {
  await requireFreePort({ host: '127.0.0.1', port: 0 })
})

it('says that a port is taken, by what to see it and which to take', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await expect(requireFreePort({ host: '127.0.0.1', port })).rejects.toMatchObject({
    message: `Port ${port} on 127.0.0.1 is taken by another program`,
    advice: [expect.stringContaining('ss -ltnp'), expect.stringContaining('--port')],
  })
  await new Promise((resolve) => server.close(resolve))
})

it("says that an address is somebody else's", async () => {
  await expect(requireFreePort({ host: '192.0.2.1', port: 8600 })).rejects.toThrow(
    '192.0.2.1 is not an address of this host',
  )
})
