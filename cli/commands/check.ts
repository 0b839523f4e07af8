/** `garrison check`: everything that proves it, as CI runs it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runStep, type StepResult, skipTests } from '../check/run-step.ts'
import { type Step, stepsOf } from '../check/steps.ts'
import { printSummary, stepLine, totals } from '../check/summary.ts'
import { ensurePackages, stepsFor } from '../host/ensure-packages.ts'
import { checkPackages } from '../host/packages.ts'
import type { Context, ExitCode } from './context.ts'

export async function check(context: Context, { long = false }): Promise<ExitCode> {
  const { terminal, json } = context
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    await ensurePackages(terminal, { isRoot, yes: mayInstall(context) }, stepsFor(checkPackages))
  }

  const folder = mkdtempSync(join(tmpdir(), 'garrison-check-'))
  const results: StepResult[] = []
  for (const step of stepsOf({ long })) {
    const result = await run(context, step, { isRoot, folder })
    results.push(result)
    if (json) continue
    terminal.print(stepLine(terminal, result).join('  ').trimEnd())
    for (const line of result.words) terminal.print(`    ${line}`)
  }
  const { failed } = totals(results)
  if (failed > 0) terminal.note(`All output: ${folder}`)
  else rmSync(folder, { recursive: true })
  if (json) {
    const steps = results.map(({ words: _, tests: __, ...rest }) => rest)
    terminal.printJson({ ...totals(results), steps })
  } else printSummary(terminal, results)
  return failed === 0 ? 0 : 1
}

/** In CI, and wherever nobody could be asked, running the check as root is consent enough. */
const mayInstall = ({ yes, terminal }: Context) =>
  yes || process.env.CI === 'true' || !terminal.interactive

async function run(
  { terminal }: Context,
  step: Step,
  { isRoot, folder }: { isRoot: boolean; folder: string },
): Promise<StepResult> {
  using _ = terminal.progress(`${step.name} …`)
  if (step.kind === 'tests' && step.needsRoot && !isRoot) {
    return await skipTests(step, 'they need root', folder)
  }
  return await runStep(step, folder)
}
