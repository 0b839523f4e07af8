import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { EngineError, UploadOffsetError } from '../../engine.ts'
import { Uploads } from './uploads.ts'

let folder: string
let uploads: Uploads
let id: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-uploads-'))
  uploads = new Uploads(folder)
  await uploads.load()
})
beforeEach(() => {
  id = randomUUID()
})
afterAll(() => rm(folder, { recursive: true }))

async function* pieces(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text)
}
const content = () => readFile(uploads.path(id), 'utf8')

/** A sender that says when its first piece has been taken, and then says nothing more. */
function silentAfter(text: string) {
  const taken = Promise.withResolvers<void>()
  async function* data() {
    yield Buffer.from(text)
    taken.resolve()
    await new Promise<never>(() => {})
  }
  return { data: data(), taken: taken.promise }
}

it('pieces add up, and only root can read them', async () => {
  expect(await uploads.append(id, 0, pieces('ab', 'c'), 6)).toBe(3)
  expect(await uploads.append(id, 3, pieces('def'), 6)).toBe(6)
  expect(await content()).toBe('abcdef')
  expect((await stat(uploads.path(id))).mode & 0o777).toBe(0o600)
})

it('what came before a sender broke off is kept', async () => {
  async function* broken() {
    yield Buffer.from('abc')
    throw new Error('connection lost')
  }
  await expect(uploads.append(id, 0, broken(), 6)).rejects.toThrow('connection lost')
  expect(await uploads.receivedBytes(id)).toBe(3)
})

it('a second sender takes over from one that has fallen silent', async () => {
  const silent = silentAfter('abc')
  const first = uploads.append(id, 0, silent.data, 6)
  const refused = expect(first).rejects.toThrow(/taken over/)
  await silent.taken
  expect(await uploads.append(id, 3, pieces('def'), 6)).toBe(6)
  await refused
  expect(await content()).toBe('abcdef')
})

it('of many that begin at once, one gets through and nothing is mixed', async () => {
  const sent = ['abc', 'def', 'ghi'].map((text) => uploads.append(id, 0, pieces(text), 3))
  const ended = await Promise.allSettled(sent)
  expect(ended.filter((each) => each.status === 'fulfilled')).toHaveLength(1)
  expect(['abc', 'def', 'ghi']).toContain(await content())
})

it('a piece that begins elsewhere is refused, whatever it holds', async () => {
  await uploads.append(id, 0, pieces('abc'), 6)
  await expect(uploads.append(id, 1, pieces('x'), 6)).rejects.toThrow(UploadOffsetError)
  expect(await content()).toBe('abc')
})

it('what is too much is refused before it is written', async () => {
  await expect(uploads.append(id, 0, pieces('abc', 'defg'), 6)).rejects.toThrow(EngineError)
  expect(await content()).toBe('abc')
})

it('removing ends whoever sends', async () => {
  const silent = silentAfter('abc')
  const refused = expect(uploads.append(id, 0, silent.data, 6)).rejects.toThrow(/taken over/)
  await silent.taken
  await uploads.remove(id)
  await refused
  expect(await uploads.receivedBytes(id)).toBe(0)
  expect(await uploads.all()).not.toContain(id)
})

it('an id that is none leads nowhere', async () => {
  await expect(uploads.receivedBytes('../../etc/passwd')).rejects.toThrow(EngineError)
})
