/** Runs one step of the check and says how it went, in numbers and, when it failed, in words. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../process/paths.ts'
import { runCommand } from './run-command.ts'
import type { Step, TestStep, ToolStep } from './steps.ts'
import { readTestReport, type TestCounts, type TimedTest } from './test-report.ts'

export type StepResult = TestCounts & {
  readonly name: string
  readonly ms: number
  readonly ok: boolean
  /** Tests of the step; a tool has none. */
  readonly tests: readonly TimedTest[]
  /** What to show when it failed. */
  readonly words: readonly string[]
  readonly skippedBecause?: string
}

const tailLines = 40
const failuresShown = 10
const linesOfFailure = 12

/** `folder`: where output and reports go. */
export function runStep(step: Step, folder: string): Promise<StepResult> {
  const stem = join(folder, step.name.replaceAll(/[^\w.]+/g, '-'))
  return step.kind === 'tool' ? runTool(step, `${stem}.log`) : runTests(step, stem)
}

async function runTool(step: ToolStep, log: string): Promise<StepResult> {
  const { ok, ms } = await runCommand(step.command, log)
  const counts = { passed: 0, failed: ok ? 0 : 1, skipped: 0 }
  return { name: step.name, ms, ok, ...counts, tests: [], words: ok ? [] : tail(log) }
}

async function runTests({ name, project }: TestStep, stem: string): Promise<StepResult> {
  const log = `${stem}.log`
  const json = `${stem}.json`
  const { ok, ms } = await runCommand(
    [
      ...['vitest', 'run', '--project', project],
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${json}`],
    ],
    log,
  )
  if (!existsSync(json)) {
    return { name, ms, ok: false, passed: 0, failed: 1, skipped: 0, tests: [], words: tail(log) }
  }
  const { failures, tests, ...counts } = readTestReport(readFileSync(json, 'utf8'), root)
  // An error outside all tests fails the run and appears in no test.
  const outside = !ok && counts.failed === 0
  const words = failures
    .slice(0, failuresShown)
    .flatMap(({ file, name, message }) => [
      `${file}: ${name}`,
      ...indent(ownLines(message).slice(0, linesOfFailure)),
    ])
  const more = failures.length - failuresShown
  if (more > 0) words.push(`and ${more} more`)
  return {
    name,
    ms,
    ok: ok && counts.failed === 0,
    ...counts,
    failed: counts.failed + (outside ? 1 : 0),
    tests,
    words: outside ? tail(log) : words,
  }
}

/** The tests are counted, not run. */
export async function skipTests(step: TestStep, because: string, folder: string) {
  const stem = join(folder, step.name.replaceAll(/[^\w.]+/g, '-'))
  const list = `${stem}-list.json`
  const { ms } = await runCommand(
    ['vitest', 'list', '--project', step.project, `--json=${list}`],
    `${stem}.log`,
  )
  const listed: unknown = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : []
  const skipped = Array.isArray(listed) ? listed.length : 0
  const counts = { passed: 0, failed: 0, skipped }
  const result = { name: step.name, ms, ok: true, ...counts, tests: [], words: [] }
  return { ...result, skippedBecause: because } satisfies StepResult
}

/** Without the ways through the tools. */
const ownLines = (message: string) =>
  message.split('\n').filter((line) => !/node_modules|new Promise/.test(line))

const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`)

const tail = (log: string) => readFileSync(log, 'utf8').trimEnd().split('\n').slice(-tailLines)
