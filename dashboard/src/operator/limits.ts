/** What is typed for a limit, as the API takes it. */
import type { Answer } from '../api/client.ts'

export type Limits = Answer<'get', '/api/operator/accounts/{account_id}/'>['account']['limits']
export type Typed = Record<keyof Limits, string>

export const limitFields: readonly { key: keyof Limits; label: string; unit?: string }[] = [
  { key: 'max_instances', label: 'Instances' },
  { key: 'max_vcpus', label: 'vCPUs' },
  { key: 'max_memory_gb', label: 'Memory', unit: 'GB' },
  { key: 'max_gpus', label: 'GPUs' },
  { key: 'max_volume_gb', label: 'Volumes', unit: 'GB' },
  { key: 'max_snapshots', label: 'Snapshots' },
]

const most = 1_000_000

export const typedFrom = (limits: Limits): Typed => {
  const text = (key: keyof Limits) => String(limits[key] ?? '')
  return {
    max_instances: text('max_instances'),
    max_vcpus: text('max_vcpus'),
    max_memory_gb: text('max_memory_gb'),
    max_volume_gb: text('max_volume_gb'),
    max_snapshots: text('max_snapshots'),
    max_gpus: text('max_gpus'),
  }
}

/** Null: nothing is wrong. Empty means no limit. */
export function limitProblem(typed: string): string | null {
  if (typed.trim() === '') return null
  return /^\d+$/.test(typed.trim()) && Number(typed) <= most
    ? null
    : 'A whole number up to 1,000,000, or nothing.'
}

const meant = (typed: string) => (typed.trim() === '' ? null : Number(typed))

/** Only what is different from what was there. */
export function changedLimits(before: Limits, typed: Typed): Partial<Limits> {
  return Object.fromEntries(
    limitFields
      .map(({ key }) => [key, meant(typed[key])] as const)
      .filter(([key, value]) => value !== before[key]),
  )
}
