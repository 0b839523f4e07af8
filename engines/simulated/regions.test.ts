import { describe, expect, test } from 'vitest'
import type { Host } from '../engine.ts'
import { PUBLISHED_REGIONS, publishedHosts } from './regions.ts'

/** Largest published shape of each model: GPUs, virtual CPUs, GB of memory. */
const LARGEST: Record<string, [gpus: number, vcpus: number, ramGb: number]> = {
  'H100-PCIe-NVLink-80GB': [8, 252, 1440],
  'H100-PCIe-80GB': [8, 252, 1440],
  'A100-SXM4-80GB-NVLink': [8, 252, 1920],
  'A100-PCIe-80GB': [8, 252, 1440],
  L40: [8, 252, 464],
  'RTX-A6000': [4, 124, 232],
  A40: [4, 124, 232],
  'H100-SXM5-80GB': [8, 176, 1480],
  'B300-262GB': [8, 240, 2200],
  'H200-141GB': [8, 176, 1450],
  'A100-SXM4-80GB': [8, 176, 960],
  'RTX-PRO-6000-96GB': [8, 240, 720],
  'L40S-48GB': [8, 160, 480],
  'V100-16GB': [8, 48, 180],
}

const allHosts = PUBLISHED_REGIONS.flatMap((region) => publishedHosts(region))

const modelOf = (host: Host): string => host.gpus[0]?.model ?? 'none'
const gpusOf = (host: Host): number => host.gpus[0]?.count ?? 0

describe('the published regions', () => {
  test('are those of the published table', () => {
    expect([...PUBLISHED_REGIONS].sort()).toEqual([
      'CANADA-1',
      'FIN-01',
      'FIN-02',
      'FIN-03',
      'ICE-01',
      'NORWAY-1',
      'US-1',
    ])
  })

  test('have every model somewhere but the one that is sold out', () => {
    const models = new Set(allHosts.map(modelOf))
    expect([...models].sort()).toEqual(Object.keys(LARGEST).sort())
  })

  test('have a whole server of every model somewhere, so that its largest shape can be had', () => {
    const whole = allHosts.filter((host) => gpusOf(host) === LARGEST[modelOf(host)]?.[0])
    expect(new Set(whole.map(modelOf)).size).toBe(Object.keys(LARGEST).length)
  })

  test('never have more GPUs in a host than the largest shape takes', () => {
    const crowded = allHosts.filter((host) => gpusOf(host) > (LARGEST[modelOf(host)]?.[0] ?? 0))
    expect(crowded).toEqual([])
  })

  test('have hosts that are large enough for the largest shape of their model', () => {
    const small = allHosts.filter((host) => {
      const [, vcpus, ramGb] = LARGEST[modelOf(host)] ?? [0, 0, 0]
      return host.vcpus < vcpus || host.memoryMib < ramGb * 1_024
    })
    expect(small).toEqual([])
  })

  test('name each host once', () => {
    expect(new Set(allHosts.map((host) => host.name)).size).toBe(allHosts.length)
  })

  test('have nine RTX-A6000 in CANADA-1, as the published stock answer shows', () => {
    const counts = publishedHosts('CANADA-1').filter((host) => modelOf(host) === 'RTX-A6000')
    expect(counts.map(gpusOf)).toEqual([4, 4, 1])
  })

  test('are the only ones that have hosts', () => {
    expect(publishedHosts('MARS-1')).toEqual([])
  })
})
