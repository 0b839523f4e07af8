import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hasShell } from './unpack.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'garrison-root-'))
})
afterEach(() => rm(root, { recursive: true }))

const program = async (path: string, mode = 0o755) => {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), '')
  await chmod(join(root, path), mode)
}
const link = async (target: string, path: string) => {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await symlink(target, join(root, path))
}

it('a shell is found where links of the image lead', async () => {
  await program('usr/bin/dash')
  await link('usr/bin', 'bin')
  await link('/etc/../bin/dash', 'usr/bin/sh')
  expect(await hasShell(root)).toBe(false)
  await mkdir(join(root, 'etc'))
  expect(await hasShell(root)).toBe(true)
})

it.each<[string, () => Promise<void>]>([
  ['missing', async () => {}],
  ['nothing to run', () => program('bin/sh', 0o644)],
  ['a folder', async () => void (await mkdir(join(root, 'bin/sh'), { recursive: true }))],
  ['a link to itself', () => link('sh', 'bin/sh')],
  // Of the host there is one; of the image there is none.
  ['only on the host', () => link('/bin/dash', 'bin/sh')],
  ['above the root', () => link('../../../../../../../bin/dash', 'bin/sh')],
])('there is no shell when it is %s', async (_, make) => {
  await make()
  expect(await hasShell(root)).toBe(false)
})
