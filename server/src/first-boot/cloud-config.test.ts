import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scriptOfCloudConfig } from './cloud-config.ts'

const translate = (...lines: string[]) =>
  scriptOfCloudConfig(['#cloud-config', ...lines, ''].join('\n'), 'tiny')

function problemsOf(...lines: string[]) {
  const translation = translate(...lines)
  return 'problems' in translation ? translation.problems : []
}

function scriptOf(...lines: string[]): string {
  const translation = translate(...lines)
  if ('problems' in translation) throw new Error(translation.problems.join('; '))
  return translation.script
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-cloud-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Runs what was made of it, as this user. */
async function run(...lines: string[]) {
  const env = { ...process.env, HOME: folder }
  const work = promisify(execFile)('sh', ['-c', scriptOf(...lines)], { env })
  const { stdout } = await work.catch((error: { stdout: string; code: number }) => error)
  return { stdout, code: work.child.exitCode }
}

const owner = `${process.getuid?.()}:${process.getgid?.()}`

describe('the script', () => {
  it('writes files, with their folders and permissions', async () => {
    const path = join(folder, "deep/it's here")
    const { code } = await run(
      'write_files:',
      `  - path: ${path}`,
      `    owner: '${owner}'`,
      '    permissions: 0640',
      '    content: |',
      '      it\'s $HOME, `not` "run"',
    )
    expect(code).toBe(0)
    expect(await readFile(path, 'utf8')).toBe('it\'s $HOME, `not` "run"\n')
    expect((await stat(path)).mode & 0o777).toBe(0o640)
  })

  it('takes base64, and appends', async () => {
    const path = join(folder, 'appended')
    const file = (content: string) =>
      `  - { path: ${path}, owner: '${owner}', append: true, encoding: b64, content: ${content} }`
    await run('write_files:', file('AAEK'), file('aGkK'))
    expect(await readFile(path)).toEqual(Buffer.from('\0\u0001\nhi\n'))
  })

  it('adds SSH keys to those that are there', async () => {
    const keys = join(folder, '.ssh/authorized_keys')
    await run('ssh_authorized_keys: [ssh-ed25519 AAAA one]')
    await run('ssh_authorized_keys:', '  - ssh-ed25519 BBBB two')
    expect(await readFile(keys, 'utf8')).toBe('ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n')
    expect((await stat(keys)).mode & 0o777).toBe(0o600)
  })

  it('runs commands in one shell, lists word by word', async () => {
    const { stdout } = await run(
      'runcmd:',
      '  - word=shared',
      '  - echo "$word"',
      `  - [printf, '%s.', "it's", $word, 3]`,
      '  -',
    )
    expect(stdout).toBe("shared\nit's.$word.3.")
  })

  it('ends with the exit code of the commands', async () => {
    expect(await run('runcmd: ["exit 7"]')).toMatchObject({ code: 7 })
    expect(await run('runcmd: ["if"]')).toMatchObject({ code: 2 })
  })

  it('goes on after a part that failed, and fails in the end', async () => {
    const { stdout, code } = await run(
      'write_files: [{ path: /proc/nothing/here }]',
      'runcmd: [echo still here]',
    )
    expect({ stdout, code }).toEqual({ stdout: 'still here\n', code: 1 })
  })

  it('of nothing does nothing', async () => {
    expect(await run()).toEqual({ stdout: '', code: 0 })
  })
})

describe('what it cannot do it names', () => {
  it.each<[string, string[], RegExp]>([
    ['a key', ['packages: [nginx]', 'users: []'], /tiny does not know "packages", "users".*runcmd/],
    ['a key of a file', ['write_files: [{ path: /a, mode: 1 }]'], /write_files.0.*"mode"/],
    ['a path that is not absolute', ['write_files: [{ path: a }]'], /write_files.0.path.*begins/],
    ['an encoding', ['write_files: [{ path: /a, encoding: gzip }]'], /text\/plain, b64/],
    ['permissions', ['write_files: [{ path: /a, permissions: rw }]'], /octal/],
    ['decimal permissions', ['write_files: [{ path: /a, permissions: 644 }]'], /in quotes/],
    ['an owner', ['write_files: [{ path: /a, owner: "a; b" }]'], /user or user:group/],
    ['a host name', ['hostname: a;b'], /hostname.*letters/],
    ['a key that is none', ['ssh_authorized_keys: ["ssh-ed25519 AAAA a\\nb c"]'], /public key/],
    ['a command that is none', ['runcmd: [{ a: b }]'], /a list of words/],
    ['commands that are no list', ['runcmd: ls'], /runcmd/],
    ['text', ['just words'], /Write keys with values/],
  ])('%s', (_, lines, words) => {
    expect(problemsOf(...lines).join(' ')).toMatch(words)
  })
})

describe('hostile YAML is refused quickly', () => {
  it.each<[string, string]>([
    ['no YAML at all', 'a: ['],
    ['deep brackets', '['.repeat(60_000)],
    ['deep mappings', '{a: '.repeat(16_000)],
    ['deep lists', '- '.repeat(30_000)],
    [
      'aliases that multiply',
      ['a: &a [x,x,x,x,x,x,x,x,x]']
        .concat(
          ['b', 'c', 'd', 'e'].map((key, n) => {
            const one = `*${'abcd'[n]}`
            return `${key}: &${key} [${Array(9).fill(one).join(',')}]`
          }),
        )
        .join('\n'),
    ],
  ])('%s', (_, text) => {
    const began = performance.now()
    expect(problemsOf(text)[0]).toMatch(/YAML/)
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})
