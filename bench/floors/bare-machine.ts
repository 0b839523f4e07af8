/**
 * QEMU by hand, with the arguments that the server gives it: the least time that a machine needs on this
 * host. Only its network is another: QEMU's own, which takes no preparation. Its disk is made before
 * the clock starts.
 */
import { execFile, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { metaData } from '@garrison/engines/qemu/guest/identity'
import { detectAcceleration } from '@garrison/engines/qemu/host/acceleration'
import { pathsOf } from '@garrison/engines/qemu/paths'
import { QEMU, qemuArguments } from '@garrison/engines/qemu/process/arguments'
import { chooseMachineType } from '@garrison/engines/qemu/process/machine-type'
import { QmpClient } from '@garrison/engines/qemu/process/qmp'
import type { BootImage } from '@garrison/guest/image-store'
import { tied } from '../children.ts'
import type { StartTimes } from '../figures/start-times.ts'
import { freePort } from '../ports.ts'
import { type KeyPair, ssh, untilBanner } from '../ssh.ts'

const run = promisify(execFile)
const startMs = 10_000

export type BareMachines = { measure(): Promise<StartTimes>; readonly what: string }

/** As large as `cpu-small`. @param folder For files. */
export async function bareMachines(
  folder: string,
  image: BootImage,
  key: KeyPair,
): Promise<BareMachines> {
  const machineType = await chooseMachineType()
  const { kind: accelerator } = await detectAcceleration()
  await mkdir(folder)
  let made = 0

  async function measure(): Promise<StartTimes> {
    const port = await freePort()
    const id = `00000000-0000-7000-8000-${String(++made).padStart(12, '0')}`
    const paths = pathsOf(folder, 'bench')
    // Sockets in /run are the server's; ours fit into the folder.
    const own = { ...paths, ...socketsIn(join(folder, id)) }
    await mkdir(join(folder, id))
    const disk = join(folder, id, 'disk.qcow2')
    await run('qemu-img', [
      ...['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image.root, disk, '10G'],
    ])
    await writeFile(
      own.metaData(),
      metaData({
        ...{ instanceId: id, hostname: 'bench', userData: null },
        authorizedKeys: [key.publicKey],
      }),
    )
    const args = qemuArguments(
      {
        ...{ id, machineType, accelerator, mark: 'bench', vcpus: 1, memoryMib: 1024 },
        ...{
          mac: '52:54:00:00:00:01',
          tap: 'none',
          volumes: [],
          disk: { node: 'disk', path: disk },
        },
        ...{ kernel: image.kernel, initrd: image.initrd, append: image.append, userData: false },
      },
      own,
    ).map((argument) =>
      argument.startsWith('tap,id=net0')
        ? `user,id=net0,hostfwd=tcp:127.0.0.1:${port}-:22`
        : argument,
    )

    const started = performance.now()
    const child = spawn(QEMU, args, { stdio: 'ignore' })
    await using _ = tied(child)
    const qmp = await connectSoon(own.qmp())
    await qmp.execute('cont')
    await qmp.execute('query-status')
    const active = performance.now() - started
    const door = { host: '127.0.0.1', port, user: image.loginUser }
    await untilBanner(door)
    const banner = performance.now() - started
    await ssh(door, key, 'true')
    return { active, banner, login: performance.now() - started }
  }

  return { measure, what: 'QEMU by hand' }
}

const socketsIn = (folder: string) => ({
  qmp: () => join(folder, 'qmp.sock'),
  serial: () => join(folder, 'serial.sock'),
  agent: () => join(folder, 'agent.sock'),
  display: () => join(folder, 'display.sock'),
  metaData: () => join(folder, 'meta-data'),
  userData: () => join(folder, 'user-data'),
})

async function connectSoon(path: string): Promise<QmpClient> {
  const end = performance.now() + startMs
  for (;;) {
    try {
      return await QmpClient.connect(path, startMs, () => {})
    } catch (error) {
      if (performance.now() > end) throw error
      await sleep(1)
    }
  }
}
