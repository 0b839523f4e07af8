/** Says what is wrong in `garrison.yaml`: where, what was found, what was wanted. */
import type { z } from 'zod'

export class ConfigError extends Error {
  override name = 'ConfigError'
}

export function describeConfigIssues(
  source: string,
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
): ConfigError {
  const lines = issues.flatMap((issue) => describe(issue, value))
  return new ConfigError(`${source} is not right:\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

function describe(issue: z.core.$ZodIssue, value: unknown): string[] {
  const path = dotted(issue.path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${dotted([...issue.path, key])}: there is no such setting`)
  }
  return [`${path}: found ${show(at(value, issue.path))}, wanted ${wanted(issue)}`]
}

function wanted(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return named[issue.expected] ?? `a ${issue.expected}`
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `at least ${issue.minimum}`
    case 'too_big':
      return `at most ${issue.maximum}`
    default:
      return issue.message
  }
}

/** What zod calls otherwise than people do. */
const named: Readonly<Record<string, string>> = {
  int: 'a whole number',
  object: 'settings by name',
  record: 'settings by name',
  array: 'a list',
  boolean: 'true or false',
  string: 'a text',
}

const at = (value: unknown, path: readonly PropertyKey[]) =>
  path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  )

const show = (value: unknown) =>
  value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value)).slice(0, 80)

const dotted = (path: readonly PropertyKey[]) =>
  path.length === 0 ? '(the whole file)' : path.map(String).join('.')
