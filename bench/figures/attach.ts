/**
 * A volume to a running machine: until its guest sees the disk under its name. The guest looks every few
 * milliseconds and says so over SSH. In between it is detached again, which is measured too.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, until } from '../api.ts'
import { type Door, type KeyPair, ssh } from '../ssh.ts'
import { summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

/** So that the guest looks already; logging in takes an emulated one about a second. */
const headStartMs = 2_500

type Volume = { id: string; status: string; error: string | null }

export async function measureAttach(
  api: Api,
  {
    instanceId,
    door,
    key,
    rounds,
  }: { instanceId: string; door: Door; key: KeyPair; rounds: number },
): Promise<Measured[]> {
  const made = { name: 'bench', region: 'LOCAL-1', size_gb: 1 }
  const { volume } = await api.request<{ volume: Volume }>('POST', '/api/volumes/', made)
  await reaches(api, volume.id, 'available')
  const seen: number[] = []
  const detached: number[] = []
  for (let round = 0; round < rounds; round++) {
    const found = Promise.withResolvers<number>()
    const watching = ssh(door, key, watcher(volume.id), () => found.resolve(performance.now()))
    await sleep(headStartMs)
    const started = performance.now()
    const body = { instance_id: instanceId, volume_ids: [volume.id] }
    await api.request('POST', '/api/volumes/attach/', body)
    await watching
    seen.push((await found.promise) - started)
    await reaches(api, volume.id, 'in-use')
    const asked = performance.now()
    await api.request('POST', '/api/volumes/detach/', { volume_ids: [volume.id] })
    await reaches(api, volume.id, 'available')
    detached.push(performance.now() - asked)
  }
  await api.request('DELETE', `/api/volumes/${volume.id}/`)
  return [
    {
      figure: 'attach a volume to seen in the guest',
      unit: 'ms',
      value: summarize(seen),
      floor: null,
    },
    {
      figure: 'detach a volume to available',
      unit: 'ms',
      value: summarize(detached),
      floor: null,
    },
  ]
}

const watcher = (id: string) =>
  `until [ -b /dev/disk/by-id/virtio-${id} ]; do busybox usleep 2000; done; echo seen`

function reaches(api: Api, id: string, status: string): Promise<Volume> {
  return until(
    async () => (await api.request<{ volume: Volume }>('GET', `/api/volumes/${id}/`)).volume,
    (volume) => {
      if (volume.error !== null) throw new Error(`Volume ${id}: ${volume.error}`)
      return volume.status === status
    },
  )
}
