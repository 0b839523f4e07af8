import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'

/** Begins it; the live list shows how it goes on. */
export async function changeVm(vm_id: string, verb: 'suspend' | 'resume') {
  const path = verb === 'suspend' ? '/v1/vms/{vm_id}/suspend' : '/v1/vms/{vm_id}/resume'
  await post(path, { params: { vm_id }, query: { wait: false } })
  await stale('/v1/vms', '/api/operations/')
}
