/**
 * Writes `openapi.json` at the root of the repository. With `--check` it only compares, and exits
 * with 1 when the file is stale.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openApiDocument } from './openapi.ts'

const file = fileURLToPath(new URL('../openapi.json', import.meta.url))

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const wanted = `${JSON.stringify(openApiDocument(), null, 2)}\n`
const found = await readFile(file, 'utf8').catch(() => null)

if (wanted === found) {
  process.stdout.write('openapi.json is up to date\n')
} else if (values.check) {
  process.stderr.write(
    `openapi.json ${found === null ? 'is missing' : 'does not match contract/'}; run "npm run openapi" and commit it\n`,
  )
  process.exitCode = 1
} else {
  await writeFile(`${file}.new`, wanted)
  await rename(`${file}.new`, file)
  process.stdout.write('openapi.json is written\n')
}
