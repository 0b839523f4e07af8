import { expect, it } from 'vitest'
import { barrackPage } from './barrack-table.ts'
import { publishedOperations } from './published-operations.ts'

const route = { operationId: 'getThing', method: 'get', path: '/api/things/{thing_id}/' }
const published = { name: 'Get a thing', method: 'GET', path: '/api/things/{id}/' } as const
const tests: Readonly<Record<string, string>> = {
  'server/src/contract-conformance.test.ts': "call('getThing')",
  'things.test.ts': "it('is there')",
}
const page = (operation: Parameters<typeof barrackPage>[0][string][number]) =>
  barrackPage({ Things: [operation] }, [route], (file) => tests[file] ?? null)

it('knows all 68 published operations, each once', () => {
  const all = Object.values(publishedOperations)
    .flat()
    .map(({ method, path }) => `${method} ${path}`)
  expect(all).toHaveLength(68)
  expect(new Set(all).size).toBe(68)
})

it('names the operation that is ours and the test that shows it', () => {
  const { text, problems } = page({ ...published, proof: ['things.test.ts', 'is there'] })
  expect(text).toContain(
    '| Get a thing | `GET /api/things/{id}/` | `getThing` | [things.test.ts](../things.test.ts): is there |',
  )
  expect(text).toContain('Of 1 published operations, 1 are there.')
  expect(problems).toEqual([])
})

it('falls back to the test that calls everything', () => {
  const { text, problems } = page(published)
  expect(text).toContain('[server/src/contract-conformance.test.ts]')
  expect(problems).toEqual([])
})

it('says what is not there yet', () => {
  const { text } = page({ ...published, path: '/api/other/' })
  expect(text).toContain('| Get a thing | `GET /api/other/` | not yet | |')
  expect(text).toContain('Of 1 published operations, 0 are there.')
})

it('takes no test for granted', () => {
  expect(page({ ...published, proof: ['things.test.ts', 'is gone'] }).problems).toEqual([
    'Get a thing: things.test.ts has no test "is gone"; name another in contract/published-operations.ts',
  ])
  expect(page({ ...published, proof: ['lost.test.ts', 'x'] }).problems).toEqual([
    'Get a thing: there is no lost.test.ts',
  ])
})
