import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FirewallRule, type MachineSpec, UnsupportedError } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

const allow = (port: number): FirewallRule => ({
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  portMin: port,
  portMax: port,
  cidr: '0.0.0.0/0',
})

export function describeFirewall(site: Site): void {
  let spec: MachineSpec
  beforeAll(async () => {
    spec = await site.reserve()
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)
  beforeEach((context) => {
    context.skip(!site.engine.capabilities().firewall, 'this engine has no firewalls')
    return site.engine.ensureMachine(spec, site.order())
  }, LIMIT_MS)

  const apply = (rules: readonly FirewallRule[] | null) =>
    site.engine.applyFirewall(spec.id, rules, site.order())
  const rules = () => site.world.rulesOf(spec.id)

  test('is the one that it was made with', async () => {
    const guarded = await site.deploy(site.world.spec({ rules: [allow(22)] }))
    expect(await site.world.rulesOf(guarded.id)).toEqual([allow(22)])
  })

  test('is replaced as a whole, and the machine goes on', async () => {
    await site.until(spec.id, (state) => state.guestUp)
    await apply([allow(22), allow(80)])
    await apply([allow(443)])
    expect(await rules()).toEqual([allow(443)])
    expect(await site.engine.observe(spec.id)).toMatchObject({ status: 'running', guestUp: true })
  })

  test('may be empty, and may be taken away', async () => {
    await apply([])
    expect(await rules()).toEqual([])
    await apply(null)
    expect(await rules()).toBeNull()
  })

  test('may be applied twice', async () => {
    await apply([allow(22)])
    await apply([allow(22)])
    expect(await rules()).toEqual([allow(22)])
  })

  test('is the last one of many in quick succession', async () => {
    const orders = [22, 80, 443, 8080].map((port) => ({ port, order: site.order() }))
    const applied = orders.map(({ port, order }) =>
      site.engine.applyFirewall(spec.id, [allow(port)], order),
    )
    await Promise.allSettled(applied)
    expect(await rules()).toEqual([allow(8080)])
  })

  test('changes while the machine is stopped', async () => {
    await site.engine.ensureStopped(spec.id, 0, site.order())
    await apply([allow(22)])
    expect(await rules()).toEqual([allow(22)])
    expect(await site.engine.observe(spec.id)).toMatchObject({ status: 'stopped' })
  })

  test('is that of the spec after a start, a reboot, and of a machine that runs', async () => {
    await site.engine.ensureMachine({ ...spec, rules: [allow(22)] }, site.order())
    expect(await rules()).toEqual([allow(22)])
    await site.engine.ensureStopped(spec.id, 0, site.order())
    await site.engine.ensureMachine({ ...spec, rules: [allow(80)] }, site.order())
    expect(await rules()).toEqual([allow(80)])
    await site.engine.reboot({ ...spec, rules: [allow(443)] }, site.order())
    expect(await rules()).toEqual([allow(443)])
  })

  test('outlives the server', async () => {
    await apply([allow(22)])
    await site.reopen()
    expect(await rules()).toEqual([allow(22)])
  })

  test('may be about IPv6, where machines have it', async (context) => {
    context.skip(!site.engine.capabilities().firewallIpv6, 'this engine has no IPv6')
    const ipv6: FirewallRule = { ...allow(80), ethertype: 'IPv6', cidr: '2001:db8::/32' }
    await apply([allow(22), ipv6])
    expect(await rules()).toEqual([allow(22), ipv6])
  })

  test('stays as it was when a rule cannot be enforced', async (context) => {
    context.skip(site.engine.capabilities().firewallIpv6, 'this engine has IPv6')
    await apply([allow(22)])
    const ipv6: FirewallRule = { ...allow(80), ethertype: 'IPv6', cidr: '::/0' }
    await expect(apply([allow(80), ipv6])).rejects.toThrow(UnsupportedError)
    expect(await rules()).toEqual([allow(22)])
  })
}
