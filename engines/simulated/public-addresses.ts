/**
 * Public addresses that exist for nobody: by default those set aside for documentation (RFC 5737), so that
 * whoever tries one ends up nowhere.
 */
import { type AddressRange, freeAddresses, sizeOf } from '../address-pools.ts'
import { type Capabilities, CapacityError, UnsupportedError } from '../engine.ts'
import type { World } from './state.ts'

export const DOCUMENTATION: readonly AddressRange[] = [
  { first: '203.0.113.1', last: '203.0.113.254' },
  { first: '198.51.100.1', last: '198.51.100.254' },
  { first: '192.0.2.1', last: '192.0.2.254' },
]

/** The world in which the machine has a public address; throws {@link CapacityError} when none is free. */
export function withPublicAddress(
  world: World,
  machine: string,
  pools: readonly AddressRange[],
): World {
  const taken = Object.values(world.publicAddresses)
  const { value: free } = freeAddresses(pools, new Set(taken), taken.at(-1) ?? null).next()
  if (free === undefined)
    throw new CapacityError(
      `All ${sizeOf(pools)} public addresses of this simulated region are taken`,
    )
  return { ...world, publicAddresses: { ...world.publicAddresses, [machine]: free } }
}

export function requirePublicAddresses({ publicAddress }: Pick<Capabilities, 'publicAddress'>) {
  if (!publicAddress) throw new UnsupportedError('This simulated region has no public addresses')
}
