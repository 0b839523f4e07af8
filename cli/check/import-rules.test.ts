/** The rules are only worth something if an import against them is noticed. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../process/paths.ts'

const folder = mkdtempSync(join(tmpdir(), 'garrison-imports-'))

/** File → what it imports; each breaks the rule, or keeps all. */
const imports = {
  'contract/a.ts': '../engines/engine.ts',
  'engines/engine.ts': null,
  'engines/qemu/engine.ts': '../../server/src/main.ts',
  'guest/a.ts': '../contract/a.ts',
  'server/src/main.ts': '../../cli/main.ts',
  'cli/main.ts': null,
  'cli/a.ts': '../server/src/start.ts',
  'cli/good.ts': '../server/src/admin.ts',
  'server/src/admin.ts': null,
  'server/src/start.ts': null,
  'server/src/images/routes.ts': './store.ts',
  'server/src/images/store.ts': './service.ts',
  'server/src/images/service.ts': '../http/app.ts',
  'server/src/http/app.ts': '../snapshots/store.ts',
  'server/src/snapshots/store.ts': null,
  'server/src/snapshots/good.ts': './store.ts',
  'server/src/snapshots/service.ts': '../images/store.ts',
  'server/src/snapshots/view.ts': '../../../engines/qemu/engine.ts',
  'server/src/snapshots/routes.ts': '../operations/restore.ts',
  'server/src/operations/restore.ts': '../images/routes.ts',
  'server/src/circle/one.ts': './two.ts',
  'server/src/circle/two.ts': './one.ts',
  'server/src/circle/lost.ts': './nowhere.ts',
  'server/src/clock.ts': './clock.testing.ts',
  'server/src/clock.testing.ts': null,
  'server/src/good.test.ts': './images/store.ts',
}

let broken: string[] = []

beforeAll(async () => {
  for (const [file, imported] of Object.entries(imports)) {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    const line = imported === null ? 'export const here = 1' : `export * as it from '${imported}'`
    // Declarations that dispose of themselves must not stop the parser.
    writeFileSync(join(folder, file), `${line}\nfunction f() { using _ = thing() }\n`)
  }
  const { stdout } = await promisify(execFile)(
    join(root, 'node_modules/.bin/depcruise'),
    ['--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', '.'],
    { cwd: folder, maxBuffer: 2 ** 26 },
  ).catch((error: { stdout: string }) => error)
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { rule: { name: string }; from: string; to: string }[] }
  }
  broken = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)
})
afterAll(() => rmSync(folder, { recursive: true }))

it.each([
  ['contract-stands-alone', 'contract/a.ts → engines/engine.ts'],
  ['engines-stand-alone', 'engines/qemu/engine.ts → server/src/main.ts'],
  ['guest-stands-alone', 'guest/a.ts → contract/a.ts'],
  ['server-looks-down', 'server/src/main.ts → cli/main.ts'],
  ['cli-uses-entry-points', 'cli/a.ts → server/src/start.ts'],
  ['nothing-imports-main', 'engines/qemu/engine.ts → server/src/main.ts'],
  ['engines-are-made-in-one-place', 'server/src/snapshots/view.ts → engines/qemu/engine.ts'],
  ['routes-ask-services', 'server/src/images/routes.ts → server/src/images/store.ts'],
  ['routes-ask-services', 'server/src/snapshots/routes.ts → server/src/operations/restore.ts'],
  ['services-know-no-http', 'server/src/images/service.ts → server/src/http/app.ts'],
  ['http-knows-no-resources', 'server/src/http/app.ts → server/src/snapshots/store.ts'],
  ['own-store-only', 'server/src/snapshots/service.ts → server/src/images/store.ts'],
  ['stores-ask-nobody', 'server/src/images/store.ts → server/src/images/service.ts'],
  ['operations-know-no-http', 'server/src/operations/restore.ts → server/src/images/routes.ts'],
  ['product-imports-no-tests', 'server/src/clock.ts → server/src/clock.testing.ts'],
  ['no-cycles', 'server/src/circle/one.ts → server/src/circle/two.ts'],
  ['resolvable', 'server/src/circle/lost.ts → ./nowhere.ts'],
])('%s forbids %s', (rule, edge) => {
  expect(broken).toContain(`${rule}: ${edge}`)
})

it('leaves an entry point, a store of its own and a test alone', () => {
  expect(broken.filter((line) => line.includes('good'))).toEqual([])
})
