import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from './config.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'garrison-config-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const load = (yaml: string) => {
  const file = join(dir, 'garrison.yaml')
  writeFileSync(file, yaml)
  return loadConfig({ file, env: {} })
}

const complaint = (yaml: string) => {
  try {
    load(yaml)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('it was accepted')
}

describe('configuration', () => {
  it('works without a file: this host is a region and nothing is charged', () => {
    const config = loadConfig({ env: {} })
    expect(config.regions.map((region) => region.name)).toEqual(['LOCAL-1'])
    expect(config.billing.mode).toBe('off')
    const server = { host: '127.0.0.1', port: 8600, public_url: null, trusted_proxies: [] }
    expect(config.server).toEqual(server)
  })

  it('adds the published regions for a demonstration, prepaid', () => {
    const config = loadConfig({ demo: true, env: {} })
    expect(config.regions.map((region) => region.name)).toEqual([
      'NORWAY-1',
      'CANADA-1',
      'US-1',
      'FIN-01',
      'FIN-02',
      'FIN-03',
      'ICE-01',
    ])
    expect(config.billing.mode).toBe('prepaid')
  })

  it('says of each wrong value where it is, what it found and what it wanted', () => {
    const text = complaint('server:\n  port: "high"\nbilling:\n  mode: free\n')
    expect(text).toContain('server.port: found "high", wanted a number')
    expect(text).toContain('billing.mode: found "free", wanted one of off, prepaid')
  })

  it('says what is wanted in words of a person', () => {
    const text = complaint('server: [1]\nregions: {}\nlog: 5\n')
    expect(text).toContain('server: found [1], wanted settings by name')
    expect(text).toContain('regions: found {}, wanted a list')
    expect(text).toContain('log: found 5, wanted settings by name')
  })

  it('refuses a setting that does not exist', () => {
    expect(complaint('serverr:\n  port: 1\n')).toContain('serverr: there is no such setting')
  })

  it('refuses a region that sells what nothing describes', () => {
    const text = complaint('regions:\n  - {name: X, engine: qemu, flavors: [huge]}\n')
    expect(text).toContain('regions.0.flavors: found "huge", wanted one of cpu-small')
  })

  it('refuses two regions of one name', () => {
    const region = '{name: X, engine: simulated}'
    expect(complaint(`regions:\n  - ${region}\n  - ${region}\n`)).toContain('"X" is there twice')
  })

  it('points at the place where a file is not YAML', () => {
    expect(complaint('server: [1\n')).toMatch(/is not YAML: .*line/s)
  })

  it('lets the command line win over the file, and the environment over it for the database', () => {
    const file = join(dir, 'garrison.yaml')
    writeFileSync(file, 'server: {port: 9000}\n')
    const env = { DATABASE_URL: 'postgres://elsewhere/db' }
    const config = loadConfig({ file, port: 9100, env })
    expect(config.server.port).toBe(9100)
    expect(config.database.url).toBe('postgres://elsewhere/db')
  })
})

it('refuses a data folder where nothing can be kept', () => {
  expect(() => loadConfig({ dataDir: '/proc/x', env: {} })).toThrow(/cannot be \/proc\/x/)
})

it('takes the secrets of payments from the environment, all of them or none', () => {
  const keys = { RAZORPAY_KEY_ID: 'rzp_1', RAZORPAY_KEY_SECRET: 'a', RAZORPAY_WEBHOOK_SECRET: 'b' }
  expect(loadConfig({ env: keys }).payments.razorpay).toEqual({
    key_id: 'rzp_1',
    key_secret: 'a',
    webhook_secret: 'b',
    base_url: 'https://api.razorpay.com',
  })
  expect(loadConfig({ env: {} }).payments.razorpay).toBeNull()
  expect(() => loadConfig({ env: { RAZORPAY_KEY_ID: 'rzp_1' } })).toThrow(
    /payments.razorpay.key_secret: found nothing/,
  )
})

it('has an example file that says exactly the defaults', () => {
  const example = new URL('../../garrison.example.yaml', import.meta.url).pathname
  expect(loadConfig({ file: example, env: {} })).toEqual(loadConfig({ env: {} }))
})
