/** The table of volumes. */
import type { Currency, Tier } from '@garrison/contract/common'
import type { VolumeStatus } from '@garrison/contract/volumes/states'
import type { Fixed } from './columns.ts'

export type VolumesSchema = {
  volumes: VolumesTable
}

type VolumesTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  name: string
  description: string | null
  status: VolumeStatus
  region: Fixed<string>
  tier: Fixed<Tier>
  host: string
  volume_type: 'SSD' | 'HDD' | 'NVMe'
  size_gb: number
  /** While a resize is under way. */
  growing_to_gb: number | null
  bootable: Fixed<boolean>
  os_image: Fixed<string | null>
  login_user: Fixed<string | null>
  /** Micro-units for each TB (1000 GB) and hour. */
  tb_rate_micros: number
  currency: Currency
  /** Whose it is, is about to be, or is about to be no more. */
  instance_id: string | null
  is_boot: boolean
  attached_at: Date | null
  /** Whose budget bears it. */
  api_key_id: Fixed<string | null>
  error: string | null
  created_at: Fixed<Date>
  updated_at: Date
  deleted_at: Date | null
}
