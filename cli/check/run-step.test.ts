import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runStep } from './run-step.ts'
import type { Step } from './steps.ts'

it('keeps the output of a step whose name is a path', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'garrison-step-'))
  const step: Step = { kind: 'tool', name: 'docs/page.md', command: ['node', '--version'] }
  const result = await runStep(step, folder)
  rmSync(folder, { recursive: true })
  expect(result).toMatchObject({ name: 'docs/page.md', ok: true })
})
