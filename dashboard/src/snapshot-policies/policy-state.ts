import type { Answer } from '../api/client.ts'

export type Policy = Answer<'get', '/api/snapshot-policies/'>['policies'][number]
export type PolicyInstance = Policy['instances'][number]

/** The soonest of its instances; null while it has none. */
export const nextRun = ({ instances }: Pick<Policy, 'instances'>): string | null =>
  instances.map(({ next_run_at }) => next_run_at).sort()[0] ?? null

/** What of it needs a look: failures first. */
export function troubleOf({ instances }: Pick<Policy, 'instances'>): {
  failed: readonly PolicyInstance[]
  skipped: readonly PolicyInstance[]
} {
  return {
    failed: instances.filter(({ last_error }) => last_error !== null),
    skipped: instances.filter(
      ({ last_error, skip_reason }) => last_error === null && skip_reason !== null,
    ),
  }
}
