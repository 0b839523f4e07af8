/** Many deployments at once get all the room there is, and not a byte more. */
import type { Host } from '@garrison/engines/engine'
import { publishedHosts } from '@garrison/engines/simulated/regions'
import { afterEach, describe, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { type Config, loadConfig } from '../config.ts'
import { InsufficientCapacity } from '../errors.ts'
import { createWorld, testImage, testRegion, type World } from '../testing/world.ts'

const demo = loadConfig({ env: {}, dataDir: '/nowhere', demo: true, local: true })
const models = ['RTX-A6000', 'H100-PCIe-80GB']
const config: Partial<Config> = {
  gpu_models: demo.gpu_models,
  regions: demo.regions
    .filter((region) => region.name === testRegion)
    .map((region) => ({ ...region, gpu_models: models })),
}

let world: World
let me: Caller
let keyId: string
afterEach(() => world.close())

async function begin(hosts: readonly Host[]) {
  world = await createWorld({ config, hosts })
  me = await world.account()
  keyId = (await world.sshKey(me)).public_id
}

const deploy = (choice: object, name: string) =>
  world.change((tx) =>
    world.services.deployment.deploy(tx, me, {
      vm_name: name,
      region: testRegion,
      os_image: testImage,
      ssh_key_ids: [keyId],
      ...choice,
    }),
  )

/** How many of fifty succeed; the others are refused for lack of room. */
async function fiftyAtOnce(choice: object) {
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => deploy(choice, `vm-${index}`)),
  )
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(InsufficientCapacity)
  }
  return results.filter((result) => result.status === 'fulfilled').length
}

const used = async (column: 'vcpus' | 'memory_mib' | 'disk_gb') => {
  const rows = await world.db
    .selectFrom('instances')
    .select(['host'])
    .select((select) => select.fn.sum<number>(column).as('sum'))
    .groupBy('host')
    .execute()
  return Object.fromEntries(rows.map((row) => [row.host, Number(row.sum)]))
}

const small = (name: string, memoryMib: number, vcpus = 64): Host => ({
  name,
  vcpus,
  memoryMib,
  diskGb: 1_000,
  diskFreeGb: 500,
  gpus: [],
})

describe('of fifty deployments at once', () => {
  it('as many succeed as there is memory for on each host', async () => {
    await begin([small('a', 7 * 1024 + 1023), small('b', 5 * 1024)])
    expect(await fiftyAtOnce({ flavor: 'cpu-small' })).toBe(12)
    expect(await used('memory_mib')).toEqual({ a: 7 * 1024, b: 5 * 1024 })
  })

  it('as many succeed as a host of two cores has virtual CPUs', async () => {
    await begin([small('laptop', 65_536, 2)])
    expect(await fiftyAtOnce({ flavor: 'cpu-medium' })).toBe(4)
    expect(await used('vcpus')).toEqual({ laptop: 8 })
  })

  it('as many succeed as there is disk to be promised', async () => {
    await begin([{ ...small('a', 1_000_000), diskGb: 30 }])
    expect(await fiftyAtOnce({ flavor: 'cpu-small' })).toBe(12)
    expect(await used('disk_gb')).toEqual({ a: 120 })
  })

  it.each([
    [1, 9],
    [2, 4],
    [4, 2],
  ])('of CANADA-1 with %i RTX-A6000 each, %i succeed', async (gpu_count, fit) => {
    await begin(publishedHosts('CANADA-1'))
    const stock = () => world.services.stock.gpus(world.db, someModels(), here())
    const available = async () =>
      (await stock())[0]?.configurations.find((each) => each.gpu_count === gpu_count)?.available
    expect(await available()).toBe(fit)
    expect(await fiftyAtOnce({ gpu_model: 'RTX-A6000', gpu_count })).toBe(fit)
    expect(await available()).toBe(0)
    await world.settle()
    const { machines } = await world.engine.holdings()
    expect(machines.filter((machine) => machine.status === 'running')).toHaveLength(fit)
  })
})

const someModels = () => [world.services.catalog.gpuModel('RTX-A6000')]
const here = () => [world.services.catalog.region(testRegion)]

describe('room', () => {
  it('is what all accounts share', async () => {
    await begin([small('a', 1024)])
    await deploy({ flavor: 'cpu-small' }, 'mine')
    me = await world.account('Other')
    keyId = (await world.sshKey(me)).public_id
    await expect(deploy({ flavor: 'cpu-small' }, 'too-late')).rejects.toThrow(/1 GB of memory/)
  })

  it('is kept for a machine in ERROR, which may exist, until it is deleted', async () => {
    await begin([small('a', 1024)])
    const { public_id } = await world.runningInstance(me, 'fail-start')
    await expect(deploy({ flavor: 'cpu-small' }, 'next')).rejects.toThrow(InsufficientCapacity)
    await world.change((tx) => world.services.instances.delete(tx, me, public_id))
    await world.settle()
    await expect(deploy({ flavor: 'cpu-small' }, 'next')).resolves.toBeDefined()
  })

  it('is kept for a machine that is stopped', async () => {
    await begin([small('a', 1024)])
    const { public_id } = await world.runningInstance(me)
    await world.change((tx) => world.services.instances.stop(tx, me, public_id))
    await world.settle()
    await expect(deploy({ flavor: 'cpu-small' }, 'next')).rejects.toThrow(InsufficientCapacity)
  })

  it('for GPUs of one machine is on one host, and the words say so', async () => {
    await begin(publishedHosts('CANADA-1'))
    for (const name of ['a', 'b', 'c', 'd']) {
      await deploy({ gpu_model: 'RTX-A6000', gpu_count: 2 }, name)
    }
    await expect(deploy({ gpu_model: 'RTX-A6000', gpu_count: 2 }, 'e')).rejects.toThrow(
      /LOCAL-1 has no room for 2 x RTX-A6000 on one host; try fewer GPUs, another model/,
    )
  })
})

it('a snapshot needs free disk on the host of its machine, not on any', async () => {
  const full = { ...small('full', 1024), diskFreeGb: 1 }
  await begin([full, small('empty', 65_536)])
  const { placement } = world.services
  await expect(placement.requireDiskRoom(testRegion, 'full')).rejects.toThrow(/nearly full/)
  await expect(placement.requireDiskRoom(testRegion, 'empty')).resolves.toBeUndefined()
})
