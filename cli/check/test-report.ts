/** Reads Vitest's JSON report. */

type VitestReport = {
  testResults: {
    /** Path of the file. */
    name: string
    status: 'passed' | 'failed'
    /** Why the file itself could not run. */
    message?: string
    assertionResults: {
      fullName: string
      status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo' | 'disabled'
      duration?: number | null
      failureMessages?: string[] | null
    }[]
  }[]
}

export type TestFailure = { file: string; name: string; message: string }
export type TimedTest = { file: string; name: string; ms: number }
export type TestCounts = { passed: number; failed: number; skipped: number }
export type TestReport = TestCounts & {
  readonly failures: readonly TestFailure[]
  readonly tests: readonly TimedTest[]
}

/** A file that could not run counts as one failed test. `root`: what file names are told below of. */
export function readTestReport(json: string, root: string): TestReport {
  const report = { passed: 0, failed: 0, skipped: 0 }
  const failures: TestFailure[] = []
  const tests: TimedTest[] = []
  const { testResults }: VitestReport = JSON.parse(json)
  for (const module of testResults) {
    const file = module.name.startsWith(root) ? module.name.slice(root.length) : module.name
    for (const test of module.assertionResults) {
      if (test.status === 'passed') report.passed++
      else if (test.status === 'failed') {
        report.failed++
        const message = (test.failureMessages ?? []).join('\n')
        failures.push({ file, name: test.fullName, message })
      } else report.skipped++
      tests.push({ file, name: test.fullName, ms: test.duration ?? 0 })
    }
    const failedItself =
      module.status === 'failed' &&
      !module.assertionResults.some(({ status }) => status === 'failed')
    if (failedItself) {
      report.failed++
      failures.push({ file, name: 'the file itself', message: module.message ?? '' })
    }
  }
  return { ...report, failures, tests }
}
