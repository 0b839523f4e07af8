/** From rows to what the API answers. */
import type { StartupLogRow } from './store.ts'

export function startupLogAnswer(row: StartupLogRow | undefined) {
  return {
    status: row?.status ?? ('none' as const),
    exit_code: row?.exit_code ?? null,
    log: row?.log ?? null,
    started_at: row?.started_at?.toISOString() ?? null,
    finished_at: row?.finished_at?.toISOString() ?? null,
  }
}
