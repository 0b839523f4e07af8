/** What is said at the end of a check. */
import type { Terminal } from '../terminal.ts'
import { humanDuration } from '../units.ts'
import type { StepResult } from './run-step.ts'
import type { TestCounts } from './test-report.ts'

const slowestShown = 10
/** Quicker ones are nobody's concern. */
const slowMs = 500

export function totals(results: readonly StepResult[]): TestCounts {
  const sum = (key: keyof TestCounts) => results.reduce((total, result) => total + result[key], 0)
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
}

/** One line for a step. */
export function stepLine(terminal: Terminal, result: StepResult): string[] {
  const { name, ms, ok, passed, failed, skipped, tests, skippedBecause } = result
  const mark = skippedBecause
    ? terminal.style('yellow', '–')
    : ok
      ? terminal.style('green', '✓')
      : terminal.style('red', '✗')
  const counts = tests.length > 0 || skippedBecause ? `${passed} passed, ${failed} failed` : ''
  const left = skipped > 0 ? `, ${skipped} skipped` : ''
  const because = skippedBecause ? ` (${skippedBecause})` : ''
  return [`${mark} ${name}`, humanDuration(ms), `${counts}${left}${because}`]
}

/** The last line stands alone, for machines: `N passed, N failed, N skipped`. */
export function printSummary(terminal: Terminal, results: readonly StepResult[]) {
  const slowest = results
    .flatMap(({ tests }) => tests)
    .filter(({ ms }) => ms >= slowMs)
    .sort((a, b) => b.ms - a.ms)
    .slice(0, slowestShown)
  terminal.print()
  terminal.table(
    results.map((result) => stepLine(terminal, result)),
    { right: [1] },
  )
  if (slowest.length > 0) {
    terminal.print()
    terminal.print('Slowest tests')
    terminal.table(
      slowest.map(({ file, name, ms }) => [`  ${humanDuration(ms)}`, `${file}  ${name}`]),
      { right: [0] },
    )
  }
  const { passed, failed, skipped } = totals(results)
  terminal.print()
  terminal.print(`${passed} passed, ${failed} failed, ${skipped} skipped`)
}
