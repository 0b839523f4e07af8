/** Everything that needs real machines, in the order of a machine's life. */
import { join } from 'node:path'
import type { BootImage } from '@garrison/guest/image-store'
import type { Api } from '../api.ts'
import { bareMachines } from '../floors/bare-machine.ts'
import { doorOf, type KeyPair, untilBanner } from '../ssh.ts'
import type { Measured } from '../table.ts'
import { measureAttach } from './attach.ts'
import { machineShape, measureDeploy } from './deploy.ts'
import { measureExportImport } from './export-import.ts'
import { measureHibernate } from './hibernate.ts'
import { measureRestore } from './restore.ts'
import { measureRules } from './rules.ts'
import { measureSnapshot } from './snapshot.ts'

const rounds = 5
/** Of each size of memory. */
const hibernations = 3

export async function measureMachines(
  api: Api,
  given: {
    folder: string
    image: BootImage
    key: KeyPair
    keyId: string
    progress: (line: string) => void
  },
): Promise<Measured[]> {
  const { folder, image, key, keyId, progress } = given
  const bare = await bareMachines(join(folder, 'bare'), image, key)

  // The warm-up: the first machine copies its OS image and makes its tenant's network.
  progress('Warming up: a machine')
  await bare.measure()
  const request = { ...machineShape, vm_name: 'writer', ssh_key_ids: [keyId] }
  const first = await api.deploy(request)
  const { ssh_command } = await api.untilInstance(first, 'ACTIVE')
  const door = doorOf(ssh_command)
  await untilBanner(door)

  progress('Hibernation')
  const hibernated = await measureHibernate(api, {
    ...{ instanceId: first, door, key, folder },
    rounds: hibernations,
  })
  progress('Snapshots')
  const { rows, snapshot } = await measureSnapshot(api, { instanceId: first, door, key, rounds })
  progress('Exports and imports')
  const moved = await measureExportImport(api, {
    ...{ instanceId: first, door, key, folder },
    rounds: 3,
  })
  progress('Volumes')
  const attached = await measureAttach(api, { instanceId: first, door, key, rounds })
  // The last that asks for its door: connections that were cut count against those that its SSH server lets in.
  progress('Rules')
  const rules = await measureRules(api, { instanceId: first, door, rounds })
  // It keeps its address, and so its tenant's network, without taking time from what follows.
  await api.request('POST', `/api/instances/${first}/stop/`)
  await api.untilInstance(first, 'SHUTOFF')
  progress('Restores')
  const restored = await measureRestore(api, { key, snapshot, bare, rounds })
  progress('Deployments')
  const deployed = await measureDeploy(api, { key, keyId, bare, rounds })
  return [...deployed, ...rules, ...rows, ...attached, ...hibernated, ...restored, ...moved]
}
