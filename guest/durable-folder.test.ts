import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publishFolder } from './durable-folder.ts'

describe('publishFolder', () => {
  let base: string
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'publish-'))
    await mkdir(join(base, 'new/inside'), { recursive: true, mode: 0o700 })
    await writeFile(join(base, 'new/inside/file'), 'new', { mode: 0o600 })
  })
  afterEach(() => rm(base, { recursive: true }))

  const publish = () => publishFolder(join(base, 'new'), join(base, 'final'))
  const mode = async (path: string) => (await stat(join(base, path))).mode & 0o777

  it('gives the folder its name', async () => {
    await publish()
    expect(await readdir(base)).toEqual(['final'])
  })

  it('lets everybody read and nobody write', async () => {
    await publish()
    expect(await Promise.all(['final', 'final/inside', 'final/inside/file'].map(mode))).toEqual([
      0o755, 0o755, 0o444,
    ])
  })

  it('replaces what had the name before', async () => {
    await mkdir(join(base, 'final'))
    await writeFile(join(base, 'final/old'), 'old')
    await publish()
    expect(await readFile(join(base, 'final/inside/file'), 'utf8')).toBe('new')
    expect(await readdir(join(base, 'final'))).toEqual(['inside'])
  })
})
