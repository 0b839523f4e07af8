/** A new machine from a snapshot. The API answers when it runs. */
import type { Api } from '../api.ts'
import type { BareMachines } from '../floors/bare-machine.ts'
import type { KeyPair } from '../ssh.ts'
import type { Measured } from '../table.ts'
import { untilSsh } from './deploy.ts'
import { type StartTimes, startTimeRows } from './start-times.ts'

export async function measureRestore(
  api: Api,
  {
    key,
    snapshot,
    bare,
    rounds,
  }: { key: KeyPair; snapshot: string; bare: BareMachines; rounds: number },
): Promise<Measured[]> {
  const times: StartTimes[] = []
  const floors: StartTimes[] = []
  for (let round = 1; round <= rounds; round++) {
    floors.push(await bare.measure())
    const started = performance.now()
    const { data } = await api.request<{ data: { instance_id: string; status: string } }>(
      'POST',
      `/api/snapshots/${snapshot}/restore/`,
      { new_vm_name: `restore-${round}` },
    )
    const active = performance.now() - started
    if (data.status !== 'ACTIVE') throw new Error(`A restored machine is ${data.status}`)
    const { ssh_command } = await api.instance(data.instance_id)
    times.push({ active, ...(await untilSsh(ssh_command, key, started)) })
    await api.remove(data.instance_id)
  }
  return startTimeRows('restore', times, floors, bare.what)
}
