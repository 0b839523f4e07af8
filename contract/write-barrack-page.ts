/**
 * Writes `docs/barrack-api.md`. With `--check` it only compares, and exits with 1 when the page is stale or
 * a test that it names is not there.
 */
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { api } from './api.ts'
import { barrackPage } from './barrack-table.ts'
import { publishedOperations } from './published-operations.ts'

const root = new URL('..', import.meta.url)
const file = fileURLToPath(new URL('docs/barrack-api.md', root))

function readTest(name: string): string | null {
  try {
    return readFileSync(new URL(name, root), 'utf8')
  } catch {
    return null
  }
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const { text, problems } = barrackPage(publishedOperations, Object.values(api), readTest)
const found = await readFile(file, 'utf8').catch(() => null)

if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`)
  process.exitCode = 1
} else if (text === found) {
  process.stdout.write('docs/barrack-api.md is up to date\n')
} else if (values.check) {
  process.stderr.write('docs/barrack-api.md is stale; run "npm run openapi" and commit it\n')
  process.exitCode = 1
} else {
  await mkdir(fileURLToPath(new URL('docs', root)), { recursive: true })
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
  process.stdout.write('docs/barrack-api.md is written\n')
}
