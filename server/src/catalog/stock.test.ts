import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { type Api, createApi } from '../testing/api.ts'
import { testImage, testRegion } from '../testing/world.ts'

const demo = loadConfig({ env: {}, dataDir: '/nowhere', demo: true, local: true })

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  api = await createApi({
    config: {
      gpu_models: demo.gpu_models,
      regions: demo.regions
        .filter((region) => region.name === testRegion)
        .map((region) => ({ ...region, gpu_models: ['L40', 'A40'] })),
    },
    hosts: [
      {
        name: 'host-1',
        vcpus: 64,
        memoryMib: 512 * 1024,
        diskGb: 10_000,
        diskFreeGb: 5_000,
        gpus: [{ model: 'L40', count: 4 }],
      },
    ],
  })
  me = await api.client()
})
afterEach(() => api.close())

const stocks = async (query = '') => (await me.get(`/api/gpu-stocks/${query}`)).body.stocks
const deploy = async (choice: object) => {
  const { public_id } = await api.sshKey(me.caller)
  const reply = await me.post('/api/deploy/', {
    vm_name: `vm-${public_id}`,
    region: testRegion,
    os_image: testImage,
    ssh_key_ids: [public_id],
    ...choice,
  })
  expect(reply.status).toBe(200)
  return reply.body.data.instance_id as string
}

describe('the stock of a GPU model', () => {
  it('counts the machines of each size that could be deployed now', async () => {
    expect(await stocks('?gpu_model=L40')).toMatchObject([
      {
        region: testRegion,
        gpu_model: 'L40',
        tier: 'legacy',
        available: true,
        total_available: 4,
        configurations: [
          { gpu_count: 1, available: 4 },
          { gpu_count: 2, available: 2 },
          { gpu_count: 4, available: 1 },
          { gpu_count: 8, available: 0 },
        ],
      },
    ])
  })

  it('goes down with a deployment and up with a deletion', async () => {
    const id = await deploy({ gpu_model: 'L40' })
    const available = async () =>
      (await stocks('?gpu_model=L40'))[0].configurations.map(
        (each: { available: number }) => each.available,
      )
    expect(await available()).toEqual([3, 1, 0, 0])
    await me.delete(`/api/instances/${id}/`)
    await api.settle()
    expect(await available()).toEqual([4, 2, 1, 0])
  })

  it('that no host has is listed as sold out', async () => {
    expect(await stocks('?gpu_model=A40')).toMatchObject([{ available: false, total_available: 0 }])
  })

  it('that is on sale elsewhere only is not listed', async () => {
    expect(await stocks('?gpu_model=V100-16GB')).toEqual([])
  })
})

it('a flavor is available while one more machine of it fits', async () => {
  const available = async () => {
    const { flavors } = (await me.get('/api/flavors/')).body
    return flavors
      .filter((flavor: { available: boolean }) => flavor.available)
      .map((flavor: { name: string }) => flavor.name)
  }
  expect(await available()).toEqual([
    'cpu-small',
    'cpu-medium',
    'cpu-large',
    'L40-x1',
    'L40-x2',
    'L40-x4',
  ])
  await deploy({ gpu_model: 'L40', gpu_count: 4 })
  expect(await available()).toEqual(['cpu-small', 'cpu-medium', 'cpu-large'])
})
