/** What a deployment that waits for room looks like from outside. */
import { z } from '@hono/zod-openapi'
import { publicId, Timestamp } from '../common.ts'
import { InstanceId } from '../instances/schemas.ts'
import { deployRequestStates } from './states.ts'

export const DeployRequestId = publicId('R')

export const DeployRequest = z
  .object({
    id: DeployRequestId,
    vm_name: z.string(),
    state: z.enum(deployRequestStates),
    /** 1: the oldest that waits for room of this kind. Null once it no longer waits. */
    position: z.int().nullable(),
    /** What it takes, first choice first. */
    choices: z.array(
      z
        .object({
          region: z.string(),
          flavor: z.string().nullable(),
          gpu_model: z.string().nullable(),
          gpu_count: z.int().nullable(),
        })
        .openapi('DeployChoice'),
    ),
    /** Where room is kept for it, because it has waited for long; null where none is yet. */
    room_kept_in: z.string().nullable(),
    wait_until: Timestamp,
    instance_id: InstanceId.nullable(),
    /** Why it failed. */
    reason: z.string().nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi('DeployRequest')
export type DeployRequest = z.infer<typeof DeployRequest>

export const exampleDeployRequest = {
  id: 'BRK-123456R',
  vm_name: 'trainer-1',
  state: 'waiting',
  position: 1,
  choices: [
    { region: 'CANADA-1', flavor: null, gpu_model: 'RTX-A6000', gpu_count: 4 },
    { region: 'NORWAY-1', flavor: null, gpu_model: 'RTX-A6000', gpu_count: 4 },
  ],
  room_kept_in: null,
  wait_until: '2026-01-11T09:00:00Z',
  instance_id: null,
  reason: null,
  created_at: '2026-01-10T09:00:00Z',
  updated_at: '2026-01-10T09:00:00Z',
} as const satisfies z.input<typeof DeployRequest>
