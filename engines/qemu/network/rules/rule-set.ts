/**
 * Rules that replace whatever their tables held, in one transaction. The first table carries a hash of
 * them as its comment, to see later whether the kernel has these very rules.
 */
import { createHash } from 'node:crypto'
import { EngineError } from '../../../engine.ts'
import { run } from '../run.ts'

export type RuleSet = {
  /** Family and name of the table with the hash, such as `inet garrison`. */
  readonly table: string
  /** For `nft -f`. */
  readonly text: string
  readonly hash: string
}

/** @param tables Family and name of each table that `body` defines. */
export function ruleSet(tables: readonly [string, ...string[]], body: string): RuleSet {
  const [table] = tables
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 32)
  // Deleting what is not there is an error, so each is declared first.
  const emptied = tables.flatMap((name) => [`table ${name}`, `delete table ${name}`])
  const text = [...emptied, `table ${table} {`, `  comment "${hash}"`, '}', body, ''].join('\n')
  return { table, text, hash }
}

/** @param netns Network namespace, or `null` for the host's own. */
export async function applyRuleSet(netns: string | null, { text }: RuleSet): Promise<void> {
  await runIn(netns, 'nft', ['-f', '-'], text)
}

/** Hash of the rules that are in force, or `null` when there are none of ours. */
export async function appliedHash(netns: string | null, table: string): Promise<string | null> {
  try {
    const text = await runIn(netns, 'nft', ['list', 'table', ...table.split(' ')])
    return /^\tcomment "([0-9a-f]{32})"$/m.exec(text)?.[1] ?? null
  } catch (error) {
    if (error instanceof EngineError && error.message.includes('No such file')) return null
    throw error
  }
}

export function runIn(
  netns: string | null,
  command: string,
  args: readonly string[],
  input = '',
): Promise<string> {
  return netns === null
    ? run(command, args, input)
    : run('ip', ['netns', 'exec', netns, command, ...args], input)
}
