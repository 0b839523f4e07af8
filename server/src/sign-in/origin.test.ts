import { expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { ownOrigins } from './origin.ts'

const { server } = loadConfig({ env: {}, dataDir: '/nowhere' })
const own = (host: string | undefined, public_url: string | null = null) =>
  ownOrigins({ server: { ...server, public_url } }, host)

it('takes the name that it was called by for its own, without TLS', () => {
  expect(own('cloud.lan:8600')).toEqual([own(undefined)[0], 'http://cloud.lan:8600'])
})

it('takes the operator at their word, whatever the request says', () => {
  const url = 'https://cloud.example.org'
  expect(own('elsewhere.example', url)).toEqual([url])
  expect(own('127.0.0.1.elsewhere.example:8600', url)).toEqual([url])
})

it('is on this host all the same, where the link for its operator leads', () => {
  const url = 'https://cloud.example.org'
  expect(own('127.0.0.1:8600', url)).toEqual([url, 'http://127.0.0.1:8600'])
})
