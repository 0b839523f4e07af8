/** Tables of what operators decide; see migration 0022. */
import type { PriceKind } from '@garrison/contract/operator/prices'
import type { Generated } from 'kysely'

export type OperatorSchema = {
  price_changes: PriceChangesTable
  drained_hosts: { region: string; host: string; reason: string; drained_at: Date }
  account_controls: AccountControlsTable
}

type PriceChangesTable = {
  id: string
  kind: PriceKind
  item: string
  usd_micros: number
  eur_micros: number
  inr_micros: number
  effective_from: Date
  reason: string
  revision: Generated<number>
  account_id: string
  created_at: Date
  applied_at: Date | null
  withdrawn_at: Date | null
}

type AccountControlsTable = {
  account_id: string
  max_instances: number | null
  max_vcpus: number | null
  max_memory_gb: number | null
  max_volume_gb: number | null
  max_snapshots: number | null
  max_gpus: number | null
  suspended_at: Date | null
  suspended_reason: string | null
}
