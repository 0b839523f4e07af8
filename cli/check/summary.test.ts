import { expect, it } from 'vitest'
import { fakeTerminal } from '../fake-terminal.testing.ts'
import type { StepResult } from './run-step.ts'
import { printSummary } from './summary.ts'

const step = (name: string, more: Partial<StepResult> = {}): StepResult => ({
  name,
  ms: 1000,
  ok: true,
  passed: 0,
  failed: 0,
  skipped: 0,
  tests: [],
  words: [],
  ...more,
})

function printed(...results: StepResult[]) {
  const { terminal, output } = fakeTerminal()
  printSummary(terminal, results)
  return output().trimEnd().split('\n')
}

const timed = (name: string, ms: number) => ({ file: 'a.test.ts', name, ms })

it('ends with the numbers alone, in which a tool that failed counts', () => {
  const lines = printed(
    step('types', { ok: false, failed: 1 }),
    step('unit tests', { passed: 7, failed: 2, ok: false, tests: [timed('one', 1)] }),
    step('system tests', { skipped: 3, skippedBecause: 'they need root' }),
  )
  expect(lines.at(-2)).toBe('')
  expect(lines.at(-1)).toBe('7 passed, 3 failed, 3 skipped')
})

it('says of each step how it went and how long it took', () => {
  expect(
    printed(
      step('types', { ms: 3210 }),
      step('unit tests', { ok: false, passed: 7, failed: 2, ms: 61_000, tests: [timed('one', 1)] }),
      step('system tests', { skipped: 3, skippedBecause: 'they need root' }),
    ),
  ).toEqual(
    expect.arrayContaining([
      '✓ types             3.2 s',
      '✗ unit tests    1 min 1 s  7 passed, 2 failed',
      '– system tests      1.0 s  0 passed, 0 failed, 3 skipped (they need root)',
    ]),
  )
})

it('names the slowest tests first, and quick ones not at all', () => {
  const lines = printed(
    step('tests', { passed: 3, tests: [timed('a', 600), timed('b', 2000), timed('c', 10)] }),
  )
  const from = lines.indexOf('Slowest tests')
  expect(lines.slice(from + 1, from + 4)).toEqual([
    '  2.0 s  a.test.ts  b',
    '  0.6 s  a.test.ts  a',
    '',
  ])
})
