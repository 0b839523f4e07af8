import { describe, expect, it } from 'vitest'
import { type Flavor, offerOf } from './use-offer.ts'

const flavor = (
  name: string,
  region: string,
  gpu_type: string,
  gpu_count: number,
  available: boolean,
) => ({ name, region, gpu_type, gpu_count, available, vcpus: 4 }) as Flavor

const flavors = [
  flavor('A40-x1', 'NORWAY-1', 'A40', 1, false),
  flavor('A40-x1', 'CANADA-1', 'A40', 1, true),
  flavor('A40-x2', 'NORWAY-1', 'A40', 2, false),
  flavor('cpu-small', 'LOCAL-1', 'CPU', 0, true),
]

describe('what is offered', () => {
  it('begins with a model that is in stock, and leaves out regions that lack it', () => {
    const { model, regions, flavor: chosen, soldOut } = offerOf(flavors, {})
    expect(model).toBe('A40')
    expect(regions.map((each) => each.region)).toEqual(['CANADA-1'])
    expect(chosen?.region).toBe('CANADA-1')
    expect(soldOut).toBe(false)
  })

  it('says when the region that was asked for gives way to another one', () => {
    const asked = (region: string) => offerOf(flavors, { model: 'A40', in: region })
    expect(asked('NORWAY-1')).toMatchObject({
      insteadOf: 'NORWAY-1',
      flavor: { region: 'CANADA-1' },
    })
    expect(asked('CANADA-1').insteadOf).toBeNull()
    expect(asked('').insteadOf).toBeNull()
  })

  it('shows where it would be when it is sold out everywhere', () => {
    const { regions, soldOut } = offerOf(flavors, { model: 'A40', flavor: 'A40-x2' })
    expect(regions.map((each) => each.region)).toEqual(['NORWAY-1'])
    expect(soldOut).toBe(true)
  })

  it('takes what the address says only where that exists', () => {
    expect(offerOf(flavors, { model: 'B300', in: 'MOON-1' }).flavor?.name).toBe('A40-x1')
    expect(offerOf(flavors, { model: 'CPU' }).flavor?.name).toBe('cpu-small')
    expect(offerOf([], {}).flavor).toBeUndefined()
  })
})
