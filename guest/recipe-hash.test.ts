import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { recipeHash } from './recipe-hash.ts'
import { garrisonSmall } from './recipes/garrison-small.ts'

describe('recipeHash', () => {
  let folder: string
  let before: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recipe-'))
    await cp(garrisonSmall.folder, folder, { recursive: true })
    before = await hash()
  })
  afterEach(() => rm(folder, { recursive: true }))

  const hash = (changes = {}, host = 'debian-12') =>
    recipeHash({ ...garrisonSmall, folder, ...changes }, host)

  it('is short and fit for a file name', () => {
    expect(before).toMatch(/^[0-9a-f]{12}$/)
  })

  it('does not depend on where the sources are', async () => {
    expect(await recipeHash(garrisonSmall, 'debian-12')).toBe(before)
  })

  it.each([
    ['another version', { version: '2' }],
    ['other kernel arguments', { append: '' }],
    ['another list of programs', { programs: [] }],
  ])('changes with %s', async (_, changes) => {
    expect(await hash(changes)).not.toBe(before)
  })

  it('changes with the host that the packages are from', async () => {
    expect(await hash({}, 'ubuntu-24.04')).not.toBe(before)
  })

  it('changes with a script that goes inside', async () => {
    const script = join(folder, 'initrd/init')
    await writeFile(script, `${await readFile(script, 'utf8')}\n`)
    expect(await hash()).not.toBe(before)
  })

  it('changes when a script is no longer executable', async () => {
    await chmod(join(folder, 'initrd/init'), 0o644)
    expect(await hash()).not.toBe(before)
  })
})
