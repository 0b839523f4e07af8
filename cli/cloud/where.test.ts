import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { readContexts, writeContexts } from './contexts.ts'
import { findCloud } from './where.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garrison-where-'))
  vi.stubEnv('GARRISON_DATA', join(folder, 'data'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const nobody = { current: null, contexts: {} }
const two = {
  current: 'home',
  contexts: {
    home: { url: 'http://home.test', api_key: 'brk_home' },
    work: { url: 'https://work.test', api_key: 'brk_work' },
  },
}
const host = (dir: string) => {
  writeFileSync(
    join(dir, 'credentials.json'),
    '{"url": "http://127.0.0.1:8600", "api_key": "brk_up", "sign_in_url": null}',
  )
  return dir
}

it('takes what is logged in to, or what is named', () => {
  expect(findCloud({}, {}, two)).toMatchObject({ url: 'http://home.test', api_key: 'brk_home' })
  expect(findCloud({ context: 'work' }, {}, two)).toMatchObject({ api_key: 'brk_work' })
})

it('takes the Garrison of this host when there is no login', () => {
  vi.stubEnv('GARRISON_DATA', host(folder))
  expect(findCloud({}, {}, nobody)).toMatchObject({ api_key: 'brk_up' })
  expect(findCloud({}, {}, two)).toMatchObject({ api_key: 'brk_home' })
  expect(findCloud({ data: folder }, {}, two)).toMatchObject({ api_key: 'brk_up' })
})

it('takes the environment before anything else', () => {
  const env = { GARRISON_API_KEY: 'brk_ci', GARRISON_URL: 'https://ci.test' }
  expect(findCloud({ context: 'work' }, env, two)).toMatchObject({
    url: 'https://ci.test',
    api_key: 'brk_ci',
  })
  expect(findCloud({}, { GARRISON_API_KEY: 'brk_ci' }, two)).toMatchObject({
    url: 'http://home.test',
    api_key: 'brk_ci',
  })
})

it('never sends a key to an address that it is not for', () => {
  expect(findCloud({}, { GARRISON_URL: 'https://work.test/' }, two).api_key).toBe('brk_work')
  expect(() => findCloud({}, { GARRISON_URL: 'https://elsewhere.test' }, two)).toThrow(
    'GARRISON_URL is https://elsewhere.test, and there is no key for it',
  )
})

it('says how to get in when nothing is known', () => {
  expect(() => findCloud({}, {}, nobody)).toThrow(
    expect.objectContaining({ advice: expect.arrayContaining([expect.stringContaining('login')]) }),
  )
  expect(() => findCloud({ context: 'moon' }, {}, two)).toThrow('There is no context "moon"')
})

it('keeps logins for nobody else to read', () => {
  const file = join(folder, 'config/garrison/config.json')
  expect(readContexts(file)).toEqual(nobody)
  writeContexts(two, file)
  expect(readContexts(file)).toEqual(two)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, '{"contexts": {"odd": 1, "good": {"url": "http://a", "api_key": "b"}}}')
  expect(Object.keys(readContexts(file).contexts)).toEqual(['good'])
  writeFileSync(file, 'no')
  expect(() => readContexts(file)).toThrow('is not what "garrison login" writes')
})
