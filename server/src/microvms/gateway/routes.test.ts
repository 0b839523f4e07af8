/** Where clients are told that the gateway is. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SshGateway } from '@garrison/contract/microvms/ssh-gateway'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Config } from '../../config.ts'
import { createServer } from '../../routes.ts'
import { type Api, createApi } from '../../testing/api.ts'
import { hostKeyFingerprint, sshHostKey } from './host-key.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeAll(async () => {
  api = await createApi()
  me = await api.client()
})
afterAll(() => api.close())

const asked = async (change: Partial<Config>, url = '/v1/ssh-gateway') => {
  const config = { ...api.config, ...change }
  const app = createServer({ ...api, config })
  const response = await app.request(url, { headers: { 'X-API-Key': me.key } })
  return ((await response.json()) as SshGateway).gateway
}

it('is nowhere until an operator gives it a port', async () => {
  expect((await me.get('/v1/ssh-gateway')).body).toEqual({ gateway: null })
})

it('is its own address, or the name by which the API is reached', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'garrison-ssh-'))
  const { microvms, server } = api.config
  const at = (host: string) => ({
    ...{ dataDir, server: { ...server, host } },
    microvms: { ...microvms, ssh: { ...microvms.ssh, port: 2222 } },
  })
  try {
    expect(await asked(at('192.0.2.7'))).toEqual({
      ...{ host: '192.0.2.7', port: 2222 },
      host_key_fingerprint: hostKeyFingerprint(sshHostKey(dataDir)),
    })
    const by = 'http://cloud.example:8600/v1/ssh-gateway'
    expect(await asked(at('0.0.0.0'), by)).toMatchObject({ host: 'cloud.example' })
    expect(await asked(at('::'), 'http://[2001:db8::1]/v1/ssh-gateway')).toMatchObject({
      host: '2001:db8::1',
    })
    const known = at('0.0.0.0')
    const public_url = 'https://cloud.example.org'
    const named = { ...known, server: { ...known.server, public_url } }
    expect(await asked(named, by)).toMatchObject({ host: 'cloud.example.org' })
  } finally {
    rmSync(dataDir, { recursive: true })
  }
})
