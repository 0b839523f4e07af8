import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkPackages, fullPath, hostPackages, installLine, missingPackages } from './packages.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garrison-packages-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function install(...programs: string[]) {
  for (const program of programs) {
    writeFileSync(join(folder, program), '')
    chmodSync(join(folder, program), 0o755)
  }
}

const names = () => missingPackages(folder).map(({ name }) => name)

describe('the packages of the host', () => {
  it('each have a name for apt, a program that proves them, and a reason', () => {
    for (const { name, programs, files = [], why } of checkPackages) {
      expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/)
      expect(programs.length + files.length).toBeGreaterThan(0)
      expect(why).not.toBe('')
    }
  })

  it('are there once', () => {
    expect(new Set(checkPackages.map(({ name }) => name)).size).toBe(checkPackages.length)
  })

  it('are all missing on an empty host', () => {
    expect(names()).toEqual(hostPackages.map(({ name }) => name))
  })

  it('are all there when their programs are', () => {
    install(...hostPackages.flatMap(({ programs }) => programs))
    expect(names()).toEqual([])
  })

  it('are missing when a file of theirs is', () => {
    const fonts = { name: 'fonts', programs: [], files: [join(folder, 'fonts')], why: '' }
    expect(missingPackages(folder, [fonts])).toEqual([fonts])
    install('fonts')
    expect(missingPackages(folder, [fonts])).toEqual([])
  })

  it('have a browser among them for the check alone', () => {
    install(...hostPackages.flatMap(({ programs }) => programs))
    expect(missingPackages(folder, checkPackages).map(({ name }) => name)).toContain('chromium')
  })

  it('are missing when one of their programs is', () => {
    install(
      ...hostPackages.flatMap(({ programs }) => programs).filter((name) => name !== 'debugfs'),
    )
    expect(names()).toEqual(['e2fsprogs'])
  })

  it('are missing when a program may not be run', () => {
    install(...hostPackages.flatMap(({ programs }) => programs))
    chmodSync(join(folder, 'nft'), 0o644)
    expect(names()).toEqual(['nftables'])
  })

  it('are installed by a line that fetches lists first and nothing beyond need', () => {
    const missing = hostPackages.filter(({ name }) => ['qemu-utils', 'nftables'].includes(name))
    expect(installLine(missing)).toBe(
      'apt-get update && apt-get install --no-install-recommends qemu-utils nftables',
    )
  })
})

it("looks where administrators' programs are, whatever the user's path", () => {
  expect(fullPath({ PATH: '/opt/bin:/usr/bin' })).toBe(
    '/opt/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin',
  )
})
