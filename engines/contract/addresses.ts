import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { LIMIT_MS, type Site } from './site.ts'

export function describeAddresses(site: Site): void {
  afterEach(() => site.clear(), LIMIT_MS)

  const addressOf = async (tenant: string, machine = site.newMachine()) =>
    site.engine.ensureAddress(machine, tenant, site.order())

  test('a machine gets the same one however often it asks', async () => {
    const [tenant, machine] = [randomUUID(), site.newMachine()]
    const first = await addressOf(tenant, machine)
    expect(await addressOf(tenant, machine)).toEqual(first)
  })

  test('machines of one tenant get different ones, in one network', async () => {
    const tenant = randomUUID()
    const addresses = await Promise.all(site.crowd().map(() => addressOf(tenant)))
    const count = addresses.length
    expect(new Set(addresses.map((address) => address.ip)).size).toBe(count)
    expect(new Set(addresses.map((address) => address.mac)).size).toBe(count)
    expect(new Set(addresses.map(({ gateway, prefix }) => `${gateway}/${prefix}`)).size).toBe(1)
  })

  test('machines of different tenants get different ones', async () => {
    const addresses = await Promise.all([1, 2, 3].map(() => addressOf(randomUUID())))
    expect(new Set(addresses.map((address) => address.ip)).size).toBe(3)
  })

  test('say where the host finds port 22', async () => {
    const { ssh } = await addressOf(randomUUID())
    expect(ssh.host).toMatch(/^[0-9a-f.:]+$/)
    expect(ssh.port).toBeGreaterThan(0)
  })

  test('a machine keeps its own after it is gone, until the address is to be gone', async () => {
    const spec = await site.deploy()
    await site.engine.ensureGone(spec.id, site.order())
    expect(await addressOf(spec.tenant, spec.id)).toEqual(spec.address)
  })

  test('are free again after ensureAddressGone, so that a network never runs out', async (context) => {
    const tenant = randomUUID()
    const { prefix } = await addressOf(tenant)
    const size = 2 ** (32 - prefix)
    context.skip(size > 256, 'the network is too large to walk through')
    for (let i = 0; i < size; i++) {
      const machine = randomUUID()
      await addressOf(tenant, machine)
      await site.engine.ensureAddressGone(machine, site.order())
    }
  })
}
