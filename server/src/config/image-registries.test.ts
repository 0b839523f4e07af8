import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'

function load(registries: unknown, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'garrison-config-'))
  const file = join(folder, 'garrison.yaml')
  writeFileSync(file, JSON.stringify({ microvms: { registries } }))
  return loadConfig({ file, env, dataDir: folder, local: true }).microvms.registries
}

const own = { name: 'registry.example.com:5000', username: 'reader' }

describe('registries of images', () => {
  it('need no more than a name, and take their password from the environment', () => {
    expect(load([{ name: 'localhost:5000', insecure: true }])).toMatchObject([{ password: null }])
    const secret = load([{ ...own, password_env: 'SECRET' }], { SECRET: 'x:y' })
    expect(secret).toMatchObject([{ password: 'x:y', insecure: false }])
  })

  it.each([
    ['a URL', [{ ...own, name: 'https://registry.example.com' }], /registries/],
    ['half of the credentials', [own], /both username and password/],
    ['an empty variable', [{ ...own, password_env: 'NONE' }], /NONE is not set/],
    ['the same one twice', [{ name: 'a.example' }, { name: 'a.example' }], /there twice/],
  ])('are refused with %s', (_, registries, words) => {
    expect(() => load(registries)).toThrow(words)
  })
})
