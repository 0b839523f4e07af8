import { afterEach, expect, test } from 'vitest'
import { LIMIT_MS, type Site } from './site.ts'

export function describePublicAddresses(site: Site): void {
  afterEach(() => site.clear(), LIMIT_MS)

  const isMissing = () => !site.engine.capabilities().publicAddress
  const why = 'this engine has no public addresses'
  const give = (spec: { id: string; tenant: string }) =>
    site.engine.ensurePublicAddress(spec.id, spec.tenant, site.order())
  const take = ({ id }: { id: string }) => site.engine.ensurePublicAddressGone(id, site.order())

  test('are counted', async () => {
    const { publicAddresses } = await site.engine.inventory()
    expect(publicAddresses > 0).toBe(!isMissing())
  })

  test('a machine gets the same one however often it asks, and no other has it', async (context) => {
    context.skip(isMissing(), why)
    const [one, other] = [await site.reserve(), await site.reserve()]
    const first = await give(one)
    expect(await give(one)).toEqual(first)
    expect(await give(other)).not.toEqual(first)
    expect(first.ip).not.toBe(one.address.ip)
  })

  test('are different when all ask at once', async (context) => {
    context.skip(isMissing(), why)
    const specs = await Promise.all(site.crowd().map(() => site.reserve()))
    const addresses = await Promise.all(specs.map(give))
    expect(new Set(addresses.map(({ ip }) => ip)).size).toBe(specs.length)
  })

  test('stay over a stop and a start, and over the end of the server', async (context) => {
    context.skip(isMissing(), why)
    const spec = await site.deploy()
    const given = await give(spec)
    await site.engine.ensureStopped(spec.id, 0, site.order())
    await site.reopen()
    await site.engine.ensureMachine(spec, site.order())
    expect(await give(spec)).toEqual(given)
  })

  test('are held until they are to be gone', async (context) => {
    context.skip(isMissing(), why)
    const spec = await site.reserve()
    await give(spec)
    expect((await site.engine.holdings()).publicAddresses).toEqual([spec.id])
    await take(spec)
    await take(spec)
    expect((await site.engine.holdings()).publicAddresses).toEqual([])
  })

  test('go with the address of the machine', async (context) => {
    context.skip(isMissing(), why)
    const spec = await site.reserve()
    await give(spec)
    await site.engine.ensureAddressGone(spec.id, site.order())
    expect((await site.engine.holdings()).publicAddresses).toEqual([])
  })
}
