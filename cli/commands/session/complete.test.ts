/** Completion: what is answered, and that real shells make sense of it. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createCloud, run } from '../../cloud/cloud.testing.ts'
import { root } from '../../process/paths.ts'
import { type Shell, shells } from '../../shells.ts'

/** Candidates at the last of the words. */
async function at(...words: string[]) {
  const { output } = await run(['__complete', '--', ...words])
  return output.split('\n').flatMap((line) => line.split('\t')[0] || [])
}

describe('completes', () => {
  it('commands', async () => {
    expect(await at('inst')).toEqual(['instance'])
    expect(await at('firewall', 'rule', '')).toEqual(['list', 'add', 'remove', 'help'])
    expect(await at('--json', 'key', '')).toEqual(['create', 'list', 'revoke', 'help'])
  })

  it('flags, those of all commands too', async () => {
    expect(await at('instance', 'create', '--g')).toEqual(['--gpu'])
    expect(await at('instance', 'create', '--js')).toEqual(['--json'])
  })

  it('nothing where nobody can know', async () => {
    expect(await at('instance', 'create', '--region', '')).toEqual([])
    expect(await at('no-such-command', 'x', '')).toEqual([])
  })
})

describe('names of things', () => {
  let cloud: Awaited<ReturnType<typeof createCloud>>
  beforeAll(async () => {
    cloud = await createCloud()
  })
  afterAll(() => cloud.close())

  it('stand wherever one is wanted, as argument or behind a flag', async () => {
    const me = await cloud.somebody()
    for (const name of ['web one', 'worker', 'db']) await cloud.deploy(me.caller, name)
    expect(await at('instance', 'stop', 'w')).toEqual(expect.arrayContaining(['web one', 'worker']))
    expect(await at('instance', 'delete', 'worker', 'w')).toEqual(['web one'])
    expect(await at('--json', 'policy', 'create', 'x', '--instance', 'd')).toEqual(['db'])
  })

  it('are those of microVMs in commands about them, where a snapshot is one of theirs', async () => {
    const me = await cloud.somebody('Miniature')
    const instance = await cloud.deploy(me.caller, 'web')
    await cloud.settle()
    await me.garrison('snapshot', 'create', instance.public_id, 'of-web', '--no-wait')
    await me.garrison('vm', 'create', '--name', 'tests', '--share', '8080')
    await me.garrison('vm', 'snapshot', 'take', 'tests', 'of-tests')
    const [{ name }] = await me.json('vm', 'share', 'list')
    expect(await at('snapshot', 'show', 'of')).toEqual(['of-web'])
    expect(await at('vm', 'snapshot', 'rm', 'of')).toEqual(['of-tests'])
    expect(await at('vm', 'create', '--snapshot', 'of')).toEqual(['of-tests'])
    expect(await at('vm', 'exec', 't')).toEqual(['tests'])
    await me.garrison('vm', 'volume', 'create', 'results')
    expect(await at('vm', 'volume', 'rm', '')).toEqual(['results'])
    expect(await at('vm', 'rm', 'tests', '')).toEqual([])
    expect(await at('vm', 'egress', 'set', '')).toEqual(['tests'])
    expect(await at('vm', 'share', 'revoke', '')).toEqual([name])
  })

  it('are nobody else’s, and none when the cloud does not answer', async () => {
    await cloud.somebody('Stranger')
    expect(await at('instance', 'stop', '')).toEqual([])
    vi.stubEnv('GARRISON_URL', 'http://127.0.0.1:9')
    expect(await at('instance', 'stop', '')).toEqual([])
  })
  afterEach(() => void vi.unstubAllEnvs())
})

describe('a shell', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'garrison-completion-'))
    const words = `exec ${process.execPath} ${join(root, 'cli/main.ts')} "$@"`
    writeFileSync(join(folder, 'garrison'), `#!/bin/sh\n${words}\n`, { mode: 0o755 })
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** As when Tab is pressed behind `garrison firewall rule `. */
  const press: Record<Shell, string> = {
    bash: `COMP_WORDS=(garrison firewall rule ""); COMP_CWORD=3; _garrison; printf "%s\\n" "\${COMPREPLY[@]}"`,
    zsh: 'words=(garrison firewall rule ""); CURRENT=4; _garrison',
    fish: 'complete -C "garrison firewall rule "',
  }
  const before: Partial<Record<Shell, string>> = {
    zsh: `compdef() {}; _describe() { for each in "\${(@P)2}"; do print -r -- "\${each%%:*}"; done }\n`,
  }
  const installed = (shell: Shell) =>
    (process.env.PATH ?? '').split(':').some((each) => existsSync(join(each, shell)))

  it.each(shells)('%s understands its script', async (shell) => {
    const { code, output: script } = await run(['completion', shell])
    expect(code).toBe(0)
    if (!installed(shell)) return
    const { stdout } = await promisify(execFile)(
      shell,
      ['-c', `${before[shell] ?? ''}${script}\n${press[shell]}`],
      { env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } },
    )
    const names = stdout.split('\n').map((line) => line.split('\t')[0])
    expect(names).toEqual(expect.arrayContaining(['list', 'add', 'remove']))
  })

  it('that nobody has heard of is refused with those there are', async () => {
    expect(await run(['completion', 'csh'])).toMatchObject({
      code: 2,
      errors: expect.stringContaining('There is for bash, zsh, fish'),
    })
  })
})
