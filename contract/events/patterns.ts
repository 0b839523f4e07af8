/** Which events somebody wants: `*`, all of a subject (`snapshot.*`), or one kind (`instance.active`). */
import { eventKinds } from './kinds.ts'

const kinds = Object.keys(eventKinds)

export function matches(pattern: string, kind: string): boolean {
  if (pattern === '*') return true
  return pattern.endsWith('.*') ? kind.startsWith(pattern.slice(0, -1)) : pattern === kind
}

export const matchesAny = (patterns: readonly string[], kind: string) =>
  patterns.some((pattern) => matches(pattern, kind))

/** What is wrong with it, for the user; null: some kind of event matches it. */
export function problemOf(pattern: string): string | null {
  if (kinds.some((kind) => matches(pattern, kind))) return null
  const shown = JSON.stringify(pattern.slice(0, 80))
  return `No kind of event matches ${shown}; GET /api/events/kinds/ lists them.`
}
