/**
 * Writes `routes.ts`, all that the SDK has to know of the contract at run time. With `--check` it only
 * compares, and exits with 1 when the file is stale.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openApiDocument } from '@garrison/contract/openapi'
import { routesFile } from './routes-file.ts'

const file = fileURLToPath(new URL('routes.ts', import.meta.url))

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const wanted = routesFile(openApiDocument())
const found = await readFile(file, 'utf8').catch(() => null)

if (wanted === found) {
  process.stdout.write('sdk/routes.ts is up to date\n')
} else if (values.check) {
  process.stderr.write(
    'sdk/routes.ts does not match contract/; run "npm run openapi" and commit it\n',
  )
  process.exitCode = 1
} else {
  await writeFile(`${file}.new`, wanted)
  await rename(`${file}.new`, file)
  process.stdout.write('sdk/routes.ts is written\n')
}
