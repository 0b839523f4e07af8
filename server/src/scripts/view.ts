/** From rows to what the API answers. */
import type { Script as ScriptAnswer } from '@garrison/contract/scripts/routes'
import type { Script } from './store.ts'

export function scriptAnswer(row: Script): ScriptAnswer {
  return { ...scriptSummary(row), script: row.script }
}

/** A row of the list, with its text where it was read. */
export function scriptSummary(row: Omit<Script, 'script'> & { script: string | null }) {
  return {
    id: row.public_id,
    name: row.name,
    ...(row.script !== null && { script: row.script }),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}
