/** Giving addresses to machines, and taking them back. */
import type { AddressRange } from '../address-pools.ts'
import { type Address, type Capabilities, NotFoundError, type Order } from '../engine.ts'
import { freeAddress } from './addresses.ts'
import { found } from './machines.ts'
import type { Orders } from './orders.ts'
import { requirePublicAddresses, withPublicAddress } from './public-addresses.ts'
import { type WorldStore, without } from './state.ts'

type AddressDeps = {
  readonly orders: Orders
  readonly store: WorldStore
  readonly capabilities: () => Capabilities
  readonly pools: readonly AddressRange[]
}

export function ensureAddress(
  deps: AddressDeps,
  machine: string,
  tenant: string,
  order: Order,
): Promise<Address> {
  const { orders, store } = deps
  return orders.run(machine, order, async () => {
    if (store.world.addresses[machine] === undefined)
      await orders.apply('address.create', machine, order, (world) => {
        const address = freeAddress(tenant, Object.values(world.addresses))
        return { ...world, addresses: { ...world.addresses, [machine]: { tenant, address } } }
      })
    return found(store.world.addresses[machine], `address of machine ${machine}`).address
  })
}

export function ensureAddressGone(deps: AddressDeps, machine: string, order: Order): Promise<void> {
  const { orders, store } = deps
  return orders.run(machine, order, async () => {
    if (store.world.addresses[machine] === undefined) return
    await orders.apply('address.delete', machine, order, (world) => ({
      ...world,
      addresses: without(world.addresses, machine),
      publicAddresses: without(world.publicAddresses, machine),
    }))
  })
}

export function ensurePublicAddress(
  deps: AddressDeps,
  machine: string,
  tenant: string,
  order: Order,
): Promise<{ ip: string }> {
  const { orders, store, capabilities, pools } = deps
  return orders.run(machine, order, async () => {
    requirePublicAddresses(capabilities())
    if (store.world.addresses[machine]?.tenant !== tenant)
      throw new NotFoundError(`Machine ${machine} has no address; call ensureAddress first`)
    if (store.world.publicAddresses[machine] === undefined)
      await orders.apply('public-address.create', machine, order, (world) =>
        withPublicAddress(world, machine, pools),
      )
    return { ip: found(store.world.publicAddresses[machine], `public address of ${machine}`) }
  })
}

export function ensurePublicAddressGone(
  deps: AddressDeps,
  machine: string,
  order: Order,
): Promise<void> {
  const { orders, store } = deps
  return orders.run(machine, order, async () => {
    if (store.world.publicAddresses[machine] === undefined) return
    await orders.apply('public-address.delete', machine, order, (world) => ({
      ...world,
      publicAddresses: without(world.publicAddresses, machine),
    }))
  })
}
