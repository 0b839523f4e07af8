import { expect, it } from 'vitest'
import { readTestReport } from './test-report.ts'

const test = (fullName: string, status: string, more = {}) => ({ fullName, status, ...more })
const report = (...testResults: object[]) => JSON.stringify({ testResults })

it('counts tests of all files, and what did not run as skipped', () => {
  const json = report(
    {
      name: '/co/a.test.ts',
      status: 'failed',
      assertionResults: [
        test('one', 'passed', { duration: 12 }),
        test('two', 'failed', { failureMessages: ['expected 1'] }),
      ],
    },
    {
      name: '/co/b.test.ts',
      status: 'passed',
      assertionResults: [test('three', 'skipped'), test('four', 'pending'), test('five', 'todo')],
    },
  )
  const { passed, failed, skipped, failures, tests } = readTestReport(json, '/co/')
  expect({ passed, failed, skipped }).toEqual({ passed: 1, failed: 1, skipped: 3 })
  expect(failures).toEqual([{ file: 'a.test.ts', name: 'two', message: 'expected 1' }])
  expect(tests[0]).toEqual({ file: 'a.test.ts', name: 'one', ms: 12 })
})

it('counts a file that could not run as one failed test', () => {
  const json = report({
    name: '/co/a.test.ts',
    status: 'failed',
    message: 'Cannot find module',
    assertionResults: [],
  })
  expect(readTestReport(json, '/co/')).toMatchObject({
    failed: 1,
    failures: [{ file: 'a.test.ts', message: 'Cannot find module' }],
  })
})

it('counts a file whose tests passed and whose clean-up failed', () => {
  const json = report({
    name: '/co/a.test.ts',
    status: 'failed',
    message: 'afterAll failed',
    assertionResults: [test('one', 'passed')],
  })
  expect(readTestReport(json, '/co/')).toMatchObject({ passed: 1, failed: 1 })
})
