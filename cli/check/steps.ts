/** What proves Garrison, in the order in which mistakes are cheapest to hear of. */

/** A tool that is content or not. */
export type ToolStep = { readonly kind: 'tool'; readonly name: string; readonly command: string[] }
/** Tests of one project of vitest.config.ts. */
export type TestStep = {
  readonly kind: 'tests'
  readonly name: string
  readonly project: 'unit' | 'system' | 'long'
  /** Makes networks, users and machines of its own. */
  readonly needsRoot: boolean
}
export type Step = ToolStep | TestStep

const rooms = ['contract', 'engines', 'guest', 'server', 'sdk', 'cli', 'dashboard', 'bench', 'e2e']

// One checker: several work out the same types each for itself, 25 s of CPU time instead of 11.
const tools: readonly ToolStep[] = [
  { kind: 'tool', name: 'types', command: ['tsc', '--checkers', '1', '--project', '.'] },
  {
    kind: 'tool',
    name: 'types of the dashboard',
    command: ['tsc', '--noEmit', '--checkers', '1', '--project', 'dashboard'],
  },
  { kind: 'tool', name: 'lint', command: ['biome', 'check', '--colors=off', '.'] },
  {
    kind: 'tool',
    name: 'import rules',
    command: ['depcruise', '--config', '.dependency-cruiser.cjs', '--no-progress', ...rooms],
  },
  { kind: 'tool', name: 'unused code', command: ['knip', '--no-progress'] },
  { kind: 'tool', name: 'openapi.json', command: ['node', 'contract/write-openapi.ts', '--check'] },
  {
    kind: 'tool',
    name: 'docs/barrack-api.md',
    command: ['node', 'contract/write-barrack-page.ts', '--check'],
  },
  { kind: 'tool', name: 'sdk/routes.ts', command: ['node', 'sdk/write-routes.ts', '--check'] },
]

const unit: TestStep = {
  kind: 'tests',
  name: 'unit and service tests',
  project: 'unit',
  needsRoot: false,
}
const system: TestStep = { kind: 'tests', name: 'system tests', project: 'system', needsRoot: true }
const long: TestStep = { kind: 'tests', name: 'long fault runs', project: 'long', needsRoot: true }

export function stepsOf(options: { long: boolean }): readonly Step[] {
  return [...tools, unit, system, ...(options.long ? [long] : [])]
}
