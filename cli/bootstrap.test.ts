/** `./garrison` in a checkout of its own, with an npm that installs what it is told and counts its runs. */
import { execFile, spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { root } from './process/paths.ts'

let folder: string
let checkout: string
let bin: string

const inCheckout = (...path: string[]) => join(checkout, ...path)

function program(file: string, ...lines: string[]) {
  writeFileSync(file, ['#!/bin/sh', 'set -e', ...lines, ''].join('\n'))
  chmodSync(file, 0o755)
}

/** Links a program of the host, for a PATH that holds only what it is meant to. */
function link(...names: string[]) {
  for (const name of names) {
    const found = ['/bin', '/usr/bin'].map((each) => join(each, name)).find(existsSync)
    if (found === undefined) throw new Error(`this host has no ${name}`)
    symlinkSync(found, join(bin, name))
  }
}

const nodeOf = (version: string) => [
  `[ "$1" = --version ] && { echo ${version}; exit; }`,
  'echo "ran: $*"',
]
const installed = [
  'echo ci >> npm-runs',
  'rm -rf node_modules; mkdir -p node_modules/.bin node_modules/node/bin',
  'cp ../node24 node_modules/node/bin/node',
  'ln -s ../node/bin/node node_modules/.bin/node',
  'touch node_modules/.package-lock.json',
]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garrison-bootstrap-'))
  checkout = join(folder, 'checkout')
  bin = join(folder, 'bin')
  mkdirSync(bin)
  mkdirSync(checkout)
  copyFileSync(join(root, 'garrison'), inCheckout('garrison'))
  writeFileSync(inCheckout('package-lock.json'), '{"lockfileVersion":3}\n')
  const before = Date.now() / 1000 - 3600
  utimesSync(inCheckout('package-lock.json'), before, before)
  link(
    'sh',
    'dirname',
    'readlink',
    'sha256sum',
    'cat',
    'flock',
    'mktemp',
    'env',
    'rm',
    'ln',
    'tail',
  )
  link('id', 'stat', 'mkdir', 'cp', 'touch', 'sleep')
  program(join(folder, 'node24'), ...nodeOf('v24.21.0'))
  program(join(bin, 'node'), 'exit 1')
  program(join(bin, 'npm'), ...installed)
})
afterEach(() => rmSync(folder, { recursive: true }))

type Ended = { code: number | null; output: string; errors: string }

function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      inCheckout('garrison'),
      args,
      { env: { PATH: bin, TMPDIR: folder }, cwd: folder },
      (_, output, errors) => resolve({ code: child.exitCode, output, errors }),
    )
  })
}

const npmRuns = () => readFileSync(inCheckout('npm-runs'), 'utf8').trim().split('\n').length

describe('a fresh clone', () => {
  it('is installed, said in one line, and the command runs with its arguments', async () => {
    expect(await run('up', '--data', 'a b')).toEqual({
      code: 0,
      output: `ran: ${checkout}/cli/main.ts up --data a b\n`,
      errors: 'Installing the dependencies, which takes about half a minute\n',
    })
  })

  it('is found through links, relative ones too', async () => {
    symlinkSync('checkout/garrison', join(folder, 'one'))
    symlinkSync(join(folder, 'one'), join(bin, 'two'))
    const output = await new Promise((resolve) => {
      execFile(join(bin, 'two'), { env: { PATH: bin, TMPDIR: folder } }, (_, text) => resolve(text))
    })
    expect(output).toBe(`ran: ${checkout}/cli/main.ts\n`)
  })

  it('is installed once by two at the same time', async () => {
    program(join(bin, 'npm'), 'sleep 0.3', ...installed)
    const both = await Promise.all([run('a'), run('b')])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(npmRuns()).toBe(1)
  })

  it('gets Node by its own script where npm runs none', async () => {
    program(
      join(bin, 'npm'),
      'mkdir -p node_modules/.bin node_modules/node',
      'touch node_modules/.package-lock.json',
    )
    program(
      join(bin, 'node'),
      '[ "$1" = installArchSpecificPackage.js ]',
      'mkdir bin',
      'cp ../../../node24 bin/node',
    )
    const { code, output } = await run('status')
    expect([code, output]).toEqual([0, `ran: ${checkout}/cli/main.ts status\n`])
    expect(existsSync(inCheckout('node_modules/.bin/node'))).toBe(true)
  })
})

describe('an installed checkout', () => {
  beforeEach(() => run())

  it('is left alone', async () => {
    expect((await run()).errors).toBe('')
    expect(npmRuns()).toBe(1)
  })

  it('is installed again when the lockfile is another', async () => {
    writeFileSync(inCheckout('package-lock.json'), '{"lockfileVersion":3,"packages":{}}\n')
    const later = Date.now() / 1000 + 60
    utimesSync(inCheckout('package-lock.json'), later, later)
    await run()
    expect(npmRuns()).toBe(2)
  })

  it('is left alone when the lockfile is newer, but the same', async () => {
    const later = Date.now() / 1000 + 60
    utimesSync(inCheckout('package-lock.json'), later, later)
    await run()
    expect(npmRuns()).toBe(1)
  })

  it('is installed again after an installation was cut off', async () => {
    rmSync(inCheckout('node_modules'), { recursive: true })
    mkdirSync(inCheckout('node_modules'))
    expect((await run()).code).toBe(0)
    expect(npmRuns()).toBe(2)
  })
})

describe('what is said when it cannot be', () => {
  it('npm is missing: the line that installs it', async () => {
    rmSync(join(bin, 'npm'))
    program(join(bin, 'apt-get'))
    const { code, errors } = await run()
    expect(errors).toBe(
      'garrison: npm is not installed.\n  Run:  apt-get update && apt-get install --no-install-recommends npm\n',
    )
    expect(code).toBe(1)
  })

  it('npm is missing where there is no apt-get: what to install', async () => {
    rmSync(join(bin, 'npm'))
    expect((await run()).errors).toContain('Install Node.js and npm from your distribution')
  })

  it('npm fails: its last words, and where all of them are', async () => {
    program(join(bin, 'npm'), 'echo first', 'echo "no network" >&2', 'exit 7')
    const { code, errors } = await run()
    expect(errors).toMatch(
      /first\nno network\ngarrison: "Installing .*" failed.* all of it in \/\S+\n$/,
    )
    expect(code).toBe(1)
  })

  it('Node is another: which, and which is wanted', async () => {
    program(join(folder, 'node24'), ...nodeOf('v20.1.0'))
    expect((await run()).errors).toContain('is v20.1.0, wanted is Node 24.')
  })

  it('Node does not run: what it says, and what Garrison needs', async () => {
    program(join(folder, 'node24'), 'echo "Exec format error" >&2', 'exit 126')
    const { code, errors } = await run()
    expect(errors).toContain('does not run here: Exec format error')
    expect(errors).toContain('x86-64')
    expect(code).toBe(1)
  })

  it.skipIf(process.getuid?.() === 0)('the folder is not ours: whose it is', async () => {
    chmodSync(checkout, 0o555)
    expect((await run()).errors).toContain(`may not write to ${checkout}`)
    chmodSync(checkout, 0o755)
  })
})

it('ends npm with itself', async () => {
  program(join(bin, 'npm'), 'echo $$ > npm-pid', 'exec sleep 60')
  const child = spawn(inCheckout('garrison'), {
    env: { PATH: bin, TMPDIR: folder },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await expect.poll(npmPid).toBeGreaterThan(0)
  child.kill('SIGTERM')
  expect(await ended).toBe(130)
  await expect.poll(() => commandOf(npmPid())).toBe('')
})

function npmPid() {
  const file = inCheckout('npm-pid')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
}

/** Empty once it has ended, also while nobody has taken notice of that. */
function commandOf(pid: number) {
  const file = `/proc/${pid}/cmdline`
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
