/** From rows to what the API answers. */
import type { DeployRequest as DeployRequestAnswer } from '@garrison/contract/deploy-requests/schemas'
import type { PlacedRequest } from './store.ts'

export const deployRequestAnswer = (row: PlacedRequest): DeployRequestAnswer => ({
  id: row.public_id,
  vm_name: row.vm_name,
  state: row.state,
  position: row.position === null ? null : Number(row.position),
  choices: row.choices.map((choice) => ({
    region: choice.region,
    flavor: choice.flavor ?? null,
    gpu_model: choice.gpu_model ?? null,
    gpu_count: choice.gpu_model === undefined ? null : (choice.gpu_count ?? 1),
  })),
  room_kept_in: row.state === 'waiting' ? row.kept_region : null,
  wait_until: row.wait_until.toISOString(),
  instance_id: row.instance_public_id,
  reason: row.reason,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})
