import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fakeTerminal } from '../fake-terminal.testing.ts'
import { runSsh } from './ssh.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garrison-ssh-'))
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

/** An `ssh` that notes its arguments and ends so. */
async function ssh(exit: number, { tty = false, acceptNew = false } = {}) {
  const program = join(folder, 'ssh')
  writeFileSync(program, `#!/bin/sh\necho "$@" > ${folder}/called\nexit ${exit}\n`)
  chmodSync(program, 0o755)
  const fake = fakeTerminal({ tty })
  const code = await runSsh(fake.terminal, ['root@192.0.2.7', 'true'], {
    elsewhere: 'ssh root@192.0.2.7',
    acceptNew,
  })
  return { code, called: readFileSync(join(folder, 'called'), 'utf8'), errors: fake.errors() }
}

it('is as careful about host keys as ssh is, unless told otherwise', async () => {
  expect(await ssh(0)).toEqual({ code: 0, called: 'root@192.0.2.7 true\n', errors: '' })
  expect(await ssh(0, { acceptNew: true })).toMatchObject({
    called: '-o StrictHostKeyChecking=accept-new root@192.0.2.7 true\n',
  })
})

it('says what to do when ssh fails where it could ask nobody', async () => {
  expect(await ssh(255)).toMatchObject({
    code: 255,
    errors: expect.stringContaining('--accept-new'),
  })
})

it('adds nothing to what ssh says to somebody, nor to what the command there says', async () => {
  for (const said of [
    await ssh(255, { tty: true }),
    await ssh(255, { acceptNew: true }),
    await ssh(1),
  ]) {
    expect(said.errors).toBe('')
  }
})
