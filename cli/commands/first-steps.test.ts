import { loadConfig } from '@garrison/server/config'
import { expect, it } from 'vitest'
import { firstSteps } from './first-steps.ts'

const body = (line = '') => JSON.parse(/ -d '(.*)'$/.exec(line)?.[1] ?? 'null')

it('begins with a key and ends with the list, by way of what this installation offers', () => {
  const [key, , deploy, list] = firstSteps(loadConfig(), 'http://127.0.0.1:8600', 'brk_x')
  expect(key).toBe('KEY=brk_x')
  expect(body(deploy)).toMatchObject({
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
  })
  expect(list).toBe('curl -H "X-API-Key: $KEY" http://127.0.0.1:8600/api/instances/')
})

it('asks nothing of curl that a host of 2022 has not', () => {
  for (const line of firstSteps(loadConfig(), '', '')) expect(line).not.toContain('--json')
})

it('deploys a GPU where there is nothing else', () => {
  const config = loadConfig({ demo: true })
  const deployment = body(firstSteps(config, '', '')[2])
  const region = config.regions.find(({ name }) => name === deployment.region)
  expect(region?.gpu_models).toContain(deployment.gpu_model)
  expect(region?.os_images).toContain(deployment.os_image)
})
