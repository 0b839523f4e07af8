import { describe, expect, it } from 'vitest'
import { alternativesTo, leftWords, machinesLeft, type Stocks } from './stock.ts'
import type { Flavor } from './use-offer.ts'

const stock = (region: string, one: number, two: number) =>
  ({
    region,
    gpu_model: 'A40',
    configurations: [
      { gpu_count: 1, available: one },
      { gpu_count: 2, available: two },
    ],
  }) as Stocks[number]
const stocks = [stock('NORWAY-1', 3, 1), stock('CANADA-1', 2, 0)]

describe('what is left', () => {
  it('is counted by size, in one region or in all', () => {
    expect(machinesLeft(stocks, { model: 'A40' })).toBe(5)
    expect(machinesLeft(stocks, { model: 'A40', count: 2, region: 'CANADA-1' })).toBe(0)
  })

  it('is not said where nothing is counted', () => {
    expect(leftWords(machinesLeft(stocks, { model: 'CPU' }))).toBeNull()
    expect(leftWords(0)).toBe('Sold out')
  })
})

const flavor = (name: string, region: string, available: boolean, gpu_type = 'A40') =>
  ({ name, region, available, gpu_type, gpu_count: Number(name.at(-1)) }) as Flavor

describe('what else would do', () => {
  const wanted = flavor('A40-x2', 'NORWAY-1', false)
  const others = [
    wanted,
    flavor('A40-x2', 'CANADA-1', false),
    flavor('L40-x2', 'NORWAY-1', true, 'L40'),
    flavor('A40-x1', 'NORWAY-1', true),
    flavor('cpu-0', 'NORWAY-1', true, 'CPU'),
  ]
  const keys = (sameRegion: boolean) =>
    alternativesTo(wanted, others, { sameRegion }).map(({ key }) => key)

  it('is what is there, the most alike first', () => {
    expect(keys(false)).toEqual(['NORWAY-1/A40-x1', 'NORWAY-1/L40-x2', 'CANADA-1/A40-x2'])
  })

  it('stays in the region of the disk that it boots from', () => {
    expect(keys(true)).toEqual(['NORWAY-1/A40-x1', 'NORWAY-1/L40-x2'])
  })
})
