import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'

/** What needs no further question. */
export type InstanceChange = 'start' | 'stop' | 'reboot' | 'restore'

/** Begins it; the live list shows how it goes on. */
export async function changeInstance(instance_id: string, change: InstanceChange) {
  await askFor(change, instance_id)
  await stale('/api/instances/', '/api/operations/')
}

export function askFor(change: InstanceChange, instance_id: string) {
  const params = { instance_id }
  switch (change) {
    case 'start':
      return post('/api/instances/{instance_id}/start/', { params })
    case 'stop':
      return post('/api/instances/{instance_id}/stop/', { params })
    case 'reboot':
      return post('/api/instances/{instance_id}/reboot/', { params })
    case 'restore':
      return post('/api/instances/{instance_id}/restore/', { params })
  }
}
