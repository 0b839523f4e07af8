/** Files and folders to and from microVMs, on a server whose machines are simulated. */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { GuestError } from '@garrison/engines/engine'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { createCloud } from '../../cloud/cloud.testing.ts'

let cloud: Awaited<ReturnType<typeof createCloud>>
let me: Awaited<ReturnType<typeof cloud.somebody>>
let folder: string

beforeAll(async () => {
  cloud = await createCloud()
  me = await cloud.somebody()
  await me.garrison('vm', 'create', '--name', 'tests', '--lifetime', '1h')
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garrison-vm-cp-'))
  return () => {
    vi.restoreAllMocks()
    rmSync(folder, { recursive: true })
  }
})
afterAll(() => cloud.close())

const here = (...parts: string[]) => join(folder, ...parts)
const cp = (from: string, to: string, ...more: string[]) =>
  me.garrison('vm', 'cp', from, to, ...more)

function put(name: string, content = name) {
  mkdirSync(join(here(name), '..'), { recursive: true })
  writeFileSync(here(name), content)
}

/** By the API itself. */
async function inside(path: string) {
  const [{ session_id }] = await me.json('vm', 'list')
  const body = new URLSearchParams({ session_id, filename: path })
  const headers = { 'X-API-Key': me.key }
  const answer = await fetch(`${cloud.url}/download`, { method: 'POST', body, headers })
  return Buffer.from(((await answer.json()) as { content: string }).content, 'base64').toString()
}

/** What the agent says of a folder, which simulated machines do not know. */
function areFolders(...paths: string[]) {
  const engine = cloud.engine.microvms
  const readFile = engine.readFile.bind(engine)
  vi.spyOn(engine, 'readFile').mockImplementation(async (id, path) => {
    if (paths.includes(path)) throw new GuestError('failed', 'It is a folder')
    return readFile(id, path)
  })
}

it('a file goes where it is told, into a folder that is there, and comes back', async () => {
  put('data.csv')
  areFolders('/srv')
  const done = await cp(here('data.csv'), 'tests:')
  expect(done.errors).not.toContain('garrison:')
  expect(done.output).toBe(`${here('data.csv')} is copied to tests:/app/data.csv (1 file, 8 B).\n`)
  await cp(here('data.csv'), 'tests:other.csv')
  await cp(here('data.csv'), 'tests:/srv/deep/')
  await cp(here('data.csv'), 'tests:/srv')
  for (const path of ['data.csv', 'other.csv', '/srv/deep/data.csv', '/srv/data.csv'])
    expect(await inside(path), path).toBe('data.csv')

  mkdirSync(here('out'))
  expect(await cp('tests:other.csv', here('out'))).toMatchObject({ code: 0 })
  await cp('tests:/srv/deep/data.csv', here('named.csv'))
  expect(readFileSync(here('out/other.csv'), 'utf8')).toBe('data.csv')
  expect(readFileSync(here('named.csv'), 'utf8')).toBe('data.csv')
  expect(readdirSync(folder).sort()).toEqual(['data.csv', 'named.csv', 'out'])
})

it('a folder goes as one, or what is in it, and says what stays behind', async () => {
  put('src/a.py')
  put('src/deep/b.py')
  mkdirSync(here('src/empty'))
  const done = await cp(here('src'), 'tests:/app/project', '--json')
  expect(JSON.parse(done.output)).toMatchObject({
    ...{ from: here('src'), to: 'tests:/app/project', files: 2, size_bytes: 21 },
    skipped: ['empty: an empty folder'],
  })
  expect(done.errors).toContain('Left out empty: an empty folder')
  areFolders('/app/project')
  await cp(here('src'), 'tests:/app/project')
  await cp(`${here('src')}/.`, 'tests:/app/flat')
  expect(await inside('project/a.py')).toBe('src/a.py')
  for (const path of ['project/src/deep/b.py', 'flat/deep/b.py'])
    expect(await inside(path), path).toBe('src/deep/b.py')
})

it('a folder that one request cannot hold goes in several', async () => {
  const sent = vi.spyOn(globalThis, 'fetch')
  for (const name of ['a', 'b', 'c']) {
    put(`large/${name}`, '')
    truncateSync(here(`large/${name}`), 15 * 1024 * 1024)
  }
  expect(await me.json('vm', 'cp', here('large'), 'tests:/large')).toMatchObject({ files: 3 })
  expect(sent.mock.calls.filter(([input]) => String(input).endsWith('/upload'))).toHaveLength(2)
})

it('a folder comes out with all that is in it', async () => {
  put('made/a')
  put('made/deep/b')
  const archive = execFileSync('tar', ['-C', here('made'), '-cf', '-', '.'])
  const engine = cloud.engine.microvms
  vi.spyOn(engine, 'readFolder').mockImplementation(async () => Readable.from([archive]))
  areFolders('/results')
  const got = await me.json('vm', 'cp', 'tests:/results', here('new'))
  expect(got).toMatchObject({ files: 2, from: 'tests:/results', to: here('new') })
  expect(readFileSync(here('new/deep/b'), 'utf8')).toBe('made/deep/b')
  await cp('tests:/results', here('new'))
  expect(readFileSync(here('new/results/a'), 'utf8')).toBe('made/a')
  const broken = new Readable({ read: () => {} })
  broken.push(archive.subarray(0, 700))
  vi.spyOn(engine, 'readFolder').mockImplementation(async () => {
    setTimeout(() => broken.destroy(new Error('gone')), 20)
    return broken
  })
  expect(await cp('tests:/results', here('half'))).toMatchObject({
    ...{ code: 1, errors: expect.stringMatching(/broke before all of it was there/) },
  })
})

it('what cannot be copied is refused with what to do, before anything is sent', async () => {
  const sent = vi.spyOn(cloud.engine.microvms, 'writeFile')
  put('big/x', '')
  truncateSync(here('big/x'), 64 * 1024 * 1024 + 1)
  put('file')
  for (const [from, to, words] of [
    [here('none'), 'tests:', /There is no /],
    [here('file'), here('other'), /Neither of the two/],
    ['tests:a', 'tests:b', /Each of the two/],
    [here('big'), 'tests:', /67.1 MB; at most 64 MiB/],
    [here('big/x'), 'tests:', /Fetch it from inside/],
    [here('file'), 'nobody:', /There is no microVM "nobody"/],
    [here('file'), 'tests:../x', /upwards/],
    ['tests:/none', here('x'), /There is no tests:\/none/],
    ['tests:data.csv', here('none/x'), /mkdir -p/],
  ] as const) {
    const { code, errors } = await cp(from, to)
    expect(errors, `${from} ${to}`).toMatch(words)
    expect(code, `${from} ${to}`).toBeGreaterThan(0)
  }
  expect(sent).not.toHaveBeenCalled()
  expect(existsSync(here('x'))).toBe(false)
})
