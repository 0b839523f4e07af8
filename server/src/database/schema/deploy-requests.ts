/** Tables of deployments that wait for room, and of the room that there was. */
import type { DeployRequestState } from '@garrison/contract/deploy-requests/states'
import type { DeploymentRequest } from '@garrison/contract/instances/routes'
import type { Generated, JSONColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

export type DeployRequestsSchema = {
  deploy_requests: DeployRequestsTable
  stock_samples: StockSamplesTable
}

type DeployRequestsTable = {
  id: Fixed<string>
  seq: Generated<number>
  public_id: Fixed<string>
  account_id: Fixed<string>
  vm_name: Fixed<string>
  state: DeployRequestState
  choices: JSONColumnType<
    {
      region: string
      flavor?: string | undefined
      gpu_model?: string | undefined
      gpu_count?: number | undefined
    }[]
  >
  pools: Fixed<string[]>
  request: JSONColumnType<DeploymentRequest | null, string | null, string | null>
  wait_until: Fixed<Date>
  kept_region: string | null
  kept_host: string | null
  kept_need: JSONColumnType<
    {
      vcpus: number
      memoryMib: number
      diskGb: number
      gpu: { model: string; count: number } | null
    } | null,
    string | null,
    string | null
  >
  kept_until: Date | null
  first_boot: JSONColumnType<
    { script: string | null; jupyterHash: string | null } | null,
    string | null,
    string | null
  >
  instance_id: string | null
  instance_public_id: string | null
  reason: string | null
  /** Whose budget bears it. */
  api_key_id: Fixed<string | null>
  created_at: Fixed<Date>
  updated_at: Date
  finished_at: Date | null
}

type StockSamplesTable = {
  region: Fixed<string>
  flavor: Fixed<string>
  gpu_model: Fixed<string | null>
  gpu_count: Fixed<number>
  available: Fixed<number>
  sampled_at: Fixed<Date>
}
