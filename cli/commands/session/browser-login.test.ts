import { describe, expect, it } from 'vitest'
import { codeOf, seal } from '../../../dashboard/src/cli-login/seal.ts'
import { fakeTerminal } from '../../fake-terminal.testing.ts'
import { hasBrowser, keyFromBrowser } from './browser-login.ts'

/** What the browser is told, and how it answers. */
function begin(withinMs = 5_000) {
  const { terminal, errors } = fakeTerminal()
  const opened = Promise.withResolvers<URL>()
  const login = keyFromBrowser('http://cloud.test', {
    terminal,
    open: (address) => opened.resolve(new URL(address)),
    withinMs,
  })
  // Looked at by each test; a refusal before that is nothing unheard of.
  login.catch(() => undefined)
  const asked = opened.promise.then((url) => Object.fromEntries(url.searchParams))
  const answer = async (fields: Record<string, string>) => {
    const { port } = await asked
    return fetch(`http://127.0.0.1:${port}/?${new URLSearchParams(fields)}`, { redirect: 'manual' })
  }
  return { login, asked, answer, errors }
}

describe('a login by the browser', () => {
  it('gets the key that the page has sealed, and shows the code that the page shows', async () => {
    const { login, asked, answer, errors } = begin()
    const { key = '', state = '', host } = await asked
    expect(host).toMatch(/^[A-Za-z0-9._-]{1,40}$/)
    expect(errors()).toContain(await codeOf(key))
    const sealed = await seal('brk_secret', key, state)
    expect(sealed).not.toContain('brk_')
    const { status, headers } = await answer({ state, sealed })
    expect([status, headers.get('location')]).toEqual([
      303,
      'http://cloud.test/cli-login?done=true',
    ])
    expect(await login).toBe('brk_secret')
  })

  it('takes nothing from who does not know its word, or what was sealed for another', async () => {
    const { login, asked, answer } = begin()
    const { key = '', state = '' } = await asked
    const sealed = await seal('brk_other', key, 'another-word-of-another-login')
    expect((await answer({ state: 'guessed', sealed })).status).toBe(404)
    expect((await answer({ state, sealed })).status).toBe(400)
    expect((await answer({ state, sealed: 'x' })).status).toBe(400)
    await answer({ state, sealed: await seal('brk_mine', key, state) })
    expect(await login).toBe('brk_mine')
  })

  it('ends when it is refused, and when nobody answers', async () => {
    const refused = begin()
    const { state = '' } = await refused.asked
    await refused.answer({ state, refused: 'true' })
    await expect(refused.login).rejects.toThrow('refused in the browser')
    await expect(begin(50).login).rejects.toThrow('Nobody confirmed')
  })
})

it('is tried where somebody sits before a screen', () => {
  expect(hasBrowser({ DISPLAY: ':0' }, 'linux')).toBe(true)
  expect(hasBrowser({}, 'linux')).toBe(false)
  expect(hasBrowser({}, 'darwin')).toBe(true)
  expect(hasBrowser({ SSH_CONNECTION: '1 2 3 4' }, 'darwin')).toBe(false)
})
