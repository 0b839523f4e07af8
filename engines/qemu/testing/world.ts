/**
 * A data folder, a mark and a network of its own for a test on real machines, and everything gone
 * afterwards. Needs root and the packages that the engine needs.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import type { EngineWorld } from '../../contract.ts'
import type { MachineSpec, MachineState, Order } from '../../engine.ts'
import { found } from '../disks/source.ts'
import { QemuEngine, type QemuEngineOptions } from '../engine.ts'
import { Networks } from '../network/networks.ts'
import { MachineRecord as AddressRecord } from '../network/records.ts'
import { type Paths, pathsOf } from '../paths.ts'
import { type FoundProcess, findMachineProcesses, killAndWait } from '../process/processes.ts'
import { readIfThere } from '../records/durable-files.ts'
import { MachineRecord, Records } from '../records/records.ts'
import { testOsImages } from './os-images.ts'

export type QemuWorld = EngineWorld & {
  readonly mark: string
  readonly paths: Paths
  /** The engine as it is now, after any {@link EngineWorld.reopen}. */
  readonly current: () => QemuEngine
  /** For another engine on the same data, in this process or another. */
  readonly options: Pick<QemuEngineOptions, 'dataDir' | 'mark'>
  /** A spec whose address is reserved. */
  reserve(overrides?: Partial<MachineSpec>): Promise<MachineSpec>
  /** A machine whose virtual CPUs run. */
  deploy(overrides?: Partial<MachineSpec>): Promise<MachineSpec>
  until(machine: string, reached: (state: MachineState) => boolean): Promise<MachineState>
  processOf(machine: string): Promise<FoundProcess>
  /** Waits until the guest has said this on its serial line. */
  printed(machine: string, words: string): Promise<void>
}

export async function makeQemuWorld(): Promise<QemuWorld> {
  const mark = randomBytes(3).toString('hex')
  const dataDir = await mkdtemp(join(tmpdir(), 'garrison-qemu-'))
  await chmod(dataDir, 0o711)
  const options = { dataDir, mark, osImages: testOsImages(), log: () => {} }
  let engine = new QemuEngine(options)
  let fence = 0
  const order = (): Order => ({ operation: randomUUID(), fence: ++fence })
  await engine.start()

  // Snapshots and images are their tenant's alone, so all machines here have one.
  const tenant = randomUUID()
  const spec = (overrides: Partial<MachineSpec> = {}): MachineSpec => {
    const id = randomUUID()
    return {
      id,
      tenant,
      host: hostname(),
      vcpus: 1,
      memoryMib: 256,
      diskGb: 1,
      gpus: null,
      source: { kind: 'os-image', name: 'garrison-small' },
      address: {
        ...{ ip: '192.0.2.1', prefix: 24, gateway: '192.0.2.254', mac: '52:54:00:00:00:01' },
        ssh: { host: '192.0.2.1', port: 22 },
      },
      rules: null,
      volumes: [],
      guest: { instanceId: id, hostname: 'test', authorizedKeys: [], userData: null },
      ...overrides,
    }
  }

  const reserve = async (overrides?: Partial<MachineSpec>) => {
    const wanted = spec(overrides)
    return { ...wanted, address: await engine.ensureAddress(wanted.id, wanted.tenant, order()) }
  }

  const processOf = async (machine: string) => {
    const found = (await findMachineProcesses(mark)).find((process) => process.machine === machine)
    if (found === undefined) throw new Error(`No process of machine ${machine}`)
    return found
  }

  return {
    ...{ engine, mark, paths: pathsOf(dataDir, mark), options: { dataDir, mark } },
    ...{ spec, order, reserve, processOf, slow: true, current: () => engine },
    // A guest that is just starting does not notice.
    stubborn: () => spec(),
    async reopen() {
      await engine.close()
      engine = new QemuEngine(options)
      await engine.start()
      return engine
    },
    async deploy(overrides) {
      const reserved = await reserve(overrides)
      await engine.ensureMachine(reserved, order())
      return reserved
    },
    async until(machine, reached) {
      const done = Promise.withResolvers<MachineState>()
      const look = async () => {
        const state = await engine.observe(machine)
        if (reached(state)) done.resolve(state)
      }
      const stopListening = engine.onEvent(() => void look().catch(done.reject))
      await look()
      return done.promise.finally(stopListening)
    },
    async printed(machine, words) {
      const log = pathsOf(dataDir, mark).consoleLog(machine)
      const said = async () => ((await readIfThere(log)) ?? '').includes(words)
      await vi.waitUntil(said, { timeout: 60_000 })
    },
    async kill(machine) {
      await killAndWait(await processOf(machine))
    },
    async rulesOf(machine) {
      const folder = join(pathsOf(dataDir, mark).networks, 'machines')
      const records = new Records(folder, AddressRecord)
      await records.load()
      return found(records.get(machine), `address of machine ${machine}`).rules
    },
    async volumesOf(machine) {
      const records = new Records(pathsOf(dataDir, mark).machines, MachineRecord, 'machine.json')
      await records.load()
      const { volumes } = found(records.get(machine), `machine ${machine}`)
      return volumes.map(({ id }) => id).sort()
    },
    async dispose() {
      await engine.close()
      for (const process of await findMachineProcesses(mark)) await killAndWait(process)
      const leftOver = new QemuEngine(options)
      await leftOver.start()
      for (const { id } of (await leftOver.holdings()).machines)
        await leftOver.ensureGone(id, order())
      await leftOver.close()
      const networks = new Networks({ dir: pathsOf(dataDir, mark).networks, mark, log: () => {} })
      await networks.destroy()
      await rm(dataDir, { recursive: true })
    },
  }
}
