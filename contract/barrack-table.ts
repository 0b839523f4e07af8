/** The page `docs/barrack-api.md`: the published operations, ours for each, and the test that shows it. */
import type { PublishedOperation } from './published-operations.ts'

type Route = { readonly operationId: string; readonly method: string; readonly path: string }

/** Calls every route by its operation and holds the answer against the contract. */
const conformance = 'server/src/contract-conformance.test.ts'

const introduction = `# The published API, operation by operation

Written by \`npm run openapi\` from \`contract/\`; do not edit it. The names are those of the published
reference. Where no test is named that is about the operation alone, it is the one that calls every operation
and holds its answer against the contract. Beside these, \`server/src/walk.test.ts\` asks for each without a
key, with a stranger's key and things, and with whatever its schema forbids.`

export type Page = {
  readonly text: string
  /** In words; the page is not to be written while there are any. */
  readonly problems: readonly string[]
}

/** `readTest` answers the text of a file, or null when there is none. */
export function barrackPage(
  chapters: Readonly<Record<string, readonly PublishedOperation[]>>,
  routes: readonly Route[],
  readTest: (file: string) => string | null,
): Page {
  const problems: string[] = []

  function proofOf({ name, proof }: PublishedOperation, { operationId }: Route) {
    const [file, words] = proof ?? [conformance, operationId]
    const text = readTest(file)
    if (text === null) problems.push(`${name}: there is no ${file}`)
    else if (!text.includes(words)) {
      problems.push(
        `${name}: ${file} has no test "${words}"; name another in contract/published-operations.ts`,
      )
    }
    const link = `[${file}](../${file})`
    return proof === undefined ? link : `${link}: ${words}`
  }

  function line(operation: PublishedOperation) {
    const { name, method, path } = operation
    const asked = `\`${method} ${path}\``
    const route = routes.find(
      (each) => each.method.toUpperCase() === method && sameForm(each.path) === sameForm(path),
    )
    if (route === undefined) return `| ${name} | ${asked} | not yet | |`
    return `| ${name} | ${asked} | \`${route.operationId}\` | ${proofOf(operation, route)} |`
  }

  const all = Object.values(chapters).flat()
  const sections = Object.entries(chapters).map(([title, operations]) =>
    [
      `## ${title}`,
      '',
      '| Published | Asked for by | Ours | Test |',
      '|---|---|---|---|',
      ...operations.map(line),
    ].join('\n'),
  )
  const missing = sections.join('\n').split('| not yet |').length - 1
  const summary = `Of ${all.length} published operations, ${all.length - missing} are there.`
  return { text: `${[introduction, summary, ...sections].join('\n\n')}\n`, problems }
}

/** What stands in for ids is called as one likes. */
const sameForm = (path: string) => path.replaceAll(/\{\w+\}/g, '{}')
