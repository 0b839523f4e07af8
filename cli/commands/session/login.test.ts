import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { createCloud, run } from '../../cloud/cloud.testing.ts'

let cloud: Awaited<ReturnType<typeof createCloud>>
let me: Awaited<ReturnType<typeof cloud.somebody>>
let folder: string
beforeAll(async () => {
  cloud = await createCloud()
  me = await cloud.somebody()
  delete process.env.GARRISON_URL
  delete process.env.GARRISON_API_KEY
})
afterAll(() => cloud.close())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garrison-login-'))
  vi.stubEnv('XDG_CONFIG_HOME', folder)
  vi.stubEnv('GARRISON_DATA', folder)
  return () => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  }
})

const login = (...more: string[]) => run(['login', cloud.url, '--key', me.key, ...more])

it('is remembered by the commands that follow, until it is forgotten', async () => {
  expect((await run(['instance', 'list'])).errors).toContain('You are not logged in')
  expect(await login()).toMatchObject({ code: 0, output: expect.stringContaining('127.0.0.1') })
  expect((await run(['instance', 'list'])).code).toBe(0)
  expect((await run(['whoami', '--json'])).output).toContain(`"url": "${cloud.url}"`)
  expect((await run(['logout'])).code).toBe(0)
  expect(readFileSync(join(folder, 'garrison/config.json'), 'utf8')).not.toContain(me.key)
  expect((await run(['instance', 'list'])).code).toBe(1)
})

it('keeps several, and says which is in use', async () => {
  await login('--name', 'home')
  await login('--name', 'work')
  const contexts = () => run(['context', 'list', '--json']).then(({ output }) => JSON.parse(output))
  expect(await contexts()).toMatchObject([
    { name: 'home', current: false },
    { name: 'work', current: true },
  ])
  expect((await run(['context', 'use', 'home'])).code).toBe(0)
  expect(await contexts()).toMatchObject([{ current: true }, { current: false }])
  expect((await run(['whoami', '--context', 'work'])).output).toContain('context "work"')
  expect(await run(['context', 'use', 'moon'])).toMatchObject({
    code: 2,
    errors: expect.stringContaining('Contexts: home, work'),
  })
})

it('writes nothing down that does not work', async () => {
  expect((await run(['login', cloud.url, '--key', 'brk_wrong'])).code).toBe(1)
  expect((await run(['login', 'http://[', '--key', 'brk_x'])).code).toBe(2)
  expect((await run(['login', cloud.url])).errors).toContain('There is no API key')
  expect((await run(['context', 'list', '--json'])).output).toBe('[]\n')
})
