import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { Records } from './records.ts'

const Thing = z.object({ size: z.number() })
const id = randomUUID()
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-records-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function open(file: string | null = null) {
  const records = new Records(folder, Thing, file)
  await records.load()
  return records
}

test.each([null, 'thing.json'])('are there again after a restart (file %s)', async (file) => {
  await (await open(file)).put(id, { size: 1 })
  expect((await open(file)).entries()).toEqual([[id, { size: 1 }]])
})

test.each([null, 'thing.json'])('are gone when deleted, however often (file %s)', async (file) => {
  const records = await open(file)
  await records.put(id, { size: 1 })
  await records.delete(id)
  await records.delete(id)
  expect((await open(file)).entries()).toEqual([])
})

test('the last word counts', async () => {
  const records = await open()
  await records.put(id, { size: 1 })
  await records.put(id, { size: 2 })
  expect((await open()).get(id)).toEqual({ size: 2 })
})

test('what was being written when the process was killed never counts', async () => {
  await writeFile(join(folder, `${id}.json.tmp`), '{"siz')
  expect((await open()).entries()).toEqual([])
  expect(await readdir(folder)).toEqual([])
})

test('a folder without its record is what is left of a deletion, and goes', async () => {
  await mkdir(join(folder, id))
  await writeFile(join(folder, id, 'console.log'), '')
  await open('thing.json')
  expect(await readdir(folder)).toEqual([])
})

test("unless it holds what may be all that is left of somebody's data", async () => {
  await mkdir(join(folder, id))
  await writeFile(join(folder, id, 'memory'), '')
  await new Records(folder, Thing, 'thing.json', 'memory').load()
  expect(await readdir(folder)).toEqual([id])
})

test("other people's files are left alone", async () => {
  await mkdir(join(folder, 'lost+found'))
  await open()
  await open('thing.json')
  expect(await readdir(folder)).toEqual(['lost+found'])
})

test('a damaged record is named and not skipped', async () => {
  await writeFile(join(folder, `${id}.json`), '{"size": "large"}')
  await expect(open()).rejects.toThrow(join(folder, `${id}.json`))
})

test('ids that are no UUID do not become paths', async () => {
  const records = await open()
  await expect(records.put('../../etc/passwd', { size: 1 })).rejects.toThrow(/Not the UUID/)
})

test('one that a power failure left empty is told of and goes, where it need not be durable', async () => {
  await writeFile(join(folder, `${id}.json`), '')
  await expect(open()).rejects.toThrow(/restore it/)
  const lost: string[] = []
  await new Records(folder, Thing).load((path) => lost.push(path))
  expect(lost).toEqual([join(folder, `${id}.json`)])
  expect((await open()).entries()).toEqual([])
})
