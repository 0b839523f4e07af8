import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { appletLinks, findInPackage } from './build-root.ts'

describe('appletLinks', () => {
  it('puts every command below /usr', () => {
    expect(appletLinks('bin/ls\nsbin/init\nusr/sbin/httpd\nlinuxrc\n')).toEqual({
      '/usr/bin/ls': 'busybox',
      '/usr/sbin/init': '../bin/busybox',
      '/usr/sbin/httpd': '../bin/busybox',
    })
  })
})

describe('findInPackage', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'package-'))
    await mkdir(join(folder, 'usr/sbin'), { recursive: true })
    await mkdir(join(folder, 'sbin'))
    await writeFile(join(folder, 'usr/sbin/new'), '')
    await writeFile(join(folder, 'sbin/old'), '')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const find = (path: string) => findInPackage(new Map([['tools', folder]]), 'tools', path)

  it('finds programs where current packages have them', () => {
    expect(find('/usr/sbin/new')).toBe(join(folder, 'usr/sbin/new'))
  })

  it('finds programs where older packages have them', () => {
    expect(find('/usr/sbin/old')).toBe(join(folder, 'sbin/old'))
  })

  it('names package and path when there is no such program', () => {
    expect(() => find('/usr/sbin/gone')).toThrow('The package tools has no /usr/sbin/gone')
  })
})
