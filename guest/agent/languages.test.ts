import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
let folder: string
let program: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-languages-'))
  program = join(folder, 'played')
  const played = join(import.meta.dirname, '../testing/played-languages.c')
  await run('gcc', ['-o', program, played, join(import.meta.dirname, 'languages.c')])
})
afterAll(() => rm(folder, { recursive: true }))

/** How often the host hears that it is gone; then, asked again with nothing wrong, that, and of how many it was wiped. */
test.each([
  ['asking', '0 1 2'],
  ['waiting', '0 1 2'],
  ['answering', '0 1 2'],
  ['wiping', '0 1 2'],
  ['nothing', '1 1 0'],
])(
  'what was given is gone when no interpreter has it; when %s goes wrong: %s',
  async (wrong, heard) => {
    expect((await run(program, [wrong])).stdout.trim()).toBe(heard)
  },
)

/** What code has made of these variables since stays as it is in a machine that only was away. */
test.each([
  ['another machine, which has its own', 'another', '1'],
  ['the machine that it was, and keeps what code has set', 'same', '0'],
])('an interpreter goes on as %s', async (_, as, told) => {
  expect((await run(program, [as])).stdout.trim()).toBe(told)
})
