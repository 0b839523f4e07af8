/** What tables of several areas have in common. */
import type { ColumnType } from 'kysely'

/** Never changed once written. */
export type Fixed<T> = ColumnType<T, T, never>

/** What a machine is made of; a snapshot keeps it, a restore takes it over. */
export type Hardware = {
  flavor: string
  gpu_model: string | null
  gpu_count: number
  vcpus: number
  memory_mib: number
  disk_gb: number
}
