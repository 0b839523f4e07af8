/** A new machine from an OS image. Measured with the floor in turns, so that both meet the same host. */
import type { Api } from '../api.ts'
import type { BareMachines } from '../floors/bare-machine.ts'
import { doorOf, type KeyPair, ssh, untilBanner } from '../ssh.ts'
import type { Measured } from '../table.ts'
import { type StartTimes, startTimeRows } from './start-times.ts'

export const machineShape = {
  region: 'LOCAL-1',
  flavor: 'cpu-small',
  os_image: 'garrison-small',
}

export async function measureDeploy(
  api: Api,
  { key, keyId, bare, rounds }: { key: KeyPair; keyId: string; bare: BareMachines; rounds: number },
): Promise<Measured[]> {
  const times: StartTimes[] = []
  const floors: StartTimes[] = []
  for (let round = 1; round <= rounds; round++) {
    floors.push(await bare.measure())
    const started = performance.now()
    const id = await api.deploy({
      ...machineShape,
      vm_name: `deploy-${round}`,
      ssh_key_ids: [keyId],
    })
    const instance = await api.untilInstance(id, 'ACTIVE')
    const active = performance.now() - started
    times.push({ active, ...(await untilSsh(instance.ssh_command, key, started)) })
    await api.remove(id)
  }
  return startTimeRows('deploy', times, floors, bare.what)
}

/** @param started When the machine was ordered, by `performance.now()`. */
export async function untilSsh(
  sshCommand: string | null,
  key: KeyPair,
  started: number,
): Promise<Pick<StartTimes, 'banner' | 'login'>> {
  const door = doorOf(sshCommand)
  await untilBanner(door)
  const banner = performance.now() - started
  await ssh(door, key, 'true')
  return { banner, login: performance.now() - started }
}
