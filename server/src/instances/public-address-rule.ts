/** Where machines may have a public address, must have one, and cannot. */
import type { Capabilities } from '@garrison/engines/engine'
import { DomainError } from '../errors.ts'

type Able = Pick<Capabilities, 'publicAddress' | 'publicAddressToggle'>

type Place = { readonly name: string; readonly address_pools: readonly unknown[] }

/**
 * Whether a new machine gets one, which is what was `asked` where there is a choice. When nothing was
 * asked it gets one where that leads beyond the host; elsewhere it would only use one up.
 */
export function getsPublicAddress(
  { name: region, address_pools }: Place,
  can: Able,
  asked: boolean | undefined,
): boolean {
  if (asked === true && !can.publicAddress) throw withoutPublicAddresses(region)
  if (asked === false && isAlwaysPublic(can)) {
    throw new DomainError(
      'TIER_NOT_SUPPORTED',
      `Every instance in ${region} has a public IP; leave public_ip out, or choose another region`,
    )
  }
  return isAlwaysPublic(can) || (asked ?? (can.publicAddress && address_pools.length > 0))
}

/** Throws when it can neither come nor go there. */
export function requireToggle(region: string, can: Able): void {
  if (!can.publicAddress) throw withoutPublicAddresses(region)
  if (isAlwaysPublic(can)) {
    throw new DomainError(
      'TIER_NOT_SUPPORTED',
      `Every instance in ${region} has a public IP, which cannot be taken away`,
    )
  }
}

const isAlwaysPublic = (can: Able) => can.publicAddress && !can.publicAddressToggle

const withoutPublicAddresses = (region: string) =>
  new DomainError(
    'TIER_NOT_SUPPORTED',
    `${region} has no public IPs; leave public_ip out, or choose another region`,
  )
