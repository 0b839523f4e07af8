import { describe, expect, it } from 'vitest'
import { allow, allowSsh, testRegion } from '../testing/world.ts'
import { openSite } from './testing.ts'

const site = openSite()
const { firewalls, create, addRule, attach, detach, remove, addOwnRule, ids, ports } = site

describe('a firewall', () => {
  it('is there at once, and empty', async () => {
    expect(await create('web')).toMatchObject({
      public_id: expect.stringMatching(/^BRK-[0-9]{6}F$/),
      status: 'SUCCESS',
      rule_count: 0,
      attachment_count: 0,
    })
  })

  it('is one of at most 25, also when many are asked for at once', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => create(`fw-${index}`)),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(5)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    await create('unaffected', await site.world.account('Stranger'))
    const all = await firewalls().list(site.world.db, site.me, {}, { limit: 1, offset: 0 })
    const [first] = all.rows
    if (first !== undefined) await remove(first)
    await create('one-more')
    await expect(create('too-many')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('has a name of its own, whatever the case, also when many ask at once', async () => {
    const results = await Promise.allSettled(['web', 'WEB', 'Web'].map((name) => create(name)))
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(2)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'NAME_ALREADY_EXISTS' })
  })

  it('is in the audit log with all that is done to it', async () => {
    const firewall = await site.world.firewall(site.me, allowSsh)
    await remove(firewall)
    const entries = await site.world.db
      .selectFrom('audit_log')
      .select('action')
      .where('subject_id', '=', firewall.public_id)
      .orderBy('id')
      .execute()
    expect(entries.map((entry) => entry.action)).toEqual([
      'firewall.create',
      'firewall.add-rule',
      'firewall.delete',
    ])
  })
})

describe('a rule', () => {
  it('is kept as a network, and once, however it is spelled', async () => {
    const firewall = await site.world.firewall(site.me)
    const { rule } = await addRule(firewall, { ...allowSsh, remote_ip_prefix: '192.0.2.7/24' })
    expect(rule).toMatchObject({ cidr: '192.0.2.0/24', status: 'SUCCESS' })
    await expect(
      addRule(firewall, { ...allowSsh, remote_ip_prefix: '192.0.2.0/24' }),
    ).rejects.toMatchObject({
      code: 'RULE_ALREADY_EXISTS',
      message: expect.stringContaining(rule.id),
    })
    await addRule(firewall, { ...allowSsh, remote_ip_prefix: '192.0.2.0/25' })
    await addRule(await site.world.firewall(site.me), allowSsh)
  })

  it('that many ask for at once is made once', async () => {
    const firewall = await site.world.firewall(site.me)
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, () => addRule(firewall, allowSsh)),
    )
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    const refused = results.filter((result) => result.status === 'rejected')
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'RULE_ALREADY_EXISTS' })
  })

  it('is one of at most 100', async () => {
    const firewall = await site.world.firewall(site.me)
    await site.world.change(async (tx) => {
      for (let port = 1; port <= 100; port++)
        await firewalls().addRule(tx, site.me, firewall.public_id, allow(port))
    })
    await expect(addRule(firewall, allow(101))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('of another firewall cannot be removed by way of this one', async () => {
    const firewall = await site.world.firewall(site.me)
    const { rule } = await addRule(await site.world.firewall(site.me), allowSsh)
    await expect(
      site.world.change((tx) => firewalls().removeRule(tx, site.me, firewall.public_id, rule.id)),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(rule.id) })
  })
})

describe('deleting', () => {
  it('is refused while it is attached, and says to what', async () => {
    const machine = await site.world.runningInstance(site.me)
    const firewall = await site.world.firewall(site.me)
    await attach(firewall, machine)
    await expect(remove(firewall)).rejects.toMatchObject({
      code: 'FIREWALL_IN_USE',
      message: expect.stringContaining(machine.public_id),
    })
  })

  it('by force detaches first; meanwhile nothing else is done with it', async () => {
    const machines = [
      await site.world.runningInstance(site.me),
      await site.world.runningInstance(site.me),
    ]
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, ...machines)
    await site.world.settle()
    await site.world.stopRunners()
    await remove(firewall, { force: true })
    for (const change of [
      () => remove(firewall, { force: true }),
      () => addRule(firewall, allow(80)),
      () => attach(firewall, ...machines),
      () => detach(firewall, ...machines),
    ]) {
      await expect(change()).rejects.toMatchObject({
        code: 'OPERATION_IN_PROGRESS',
        message: expect.stringMatching(/it is DELETING/),
      })
    }
    await site.world.settle()
    expect(machines.map(ports)).toEqual([null, null])
    await expect(
      firewalls().require(site.world.db, site.me, firewall.public_id),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    const { total } = await firewalls().list(site.world.db, site.me, {}, { limit: 20, offset: 0 })
    expect(total).toBe(0)
  })

  it('ends with the machine when that is deleted at the same time', async () => {
    const machine = await site.world.runningInstance(site.me)
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, machine)
    await site.world.settle()
    await site.world.stopRunners()
    await remove(firewall, { force: true })
    await site.world.change((tx) =>
      site.world.services.instances.delete(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    await expect(
      firewalls().require(site.world.db, site.me, firewall.public_id),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

describe('a region', () => {
  const refusal = { code: 'TIER_NOT_SUPPORTED', message: expect.stringContaining(testRegion) }

  it('without firewalls refuses all that is about them', async () => {
    await site.reopen({ capabilities: { firewall: false } })
    const machine = await site.world.runningInstance(site.me)
    await expect(create('web')).rejects.toMatchObject(refusal)
    await expect(addOwnRule(machine, allowSsh)).rejects.toMatchObject(refusal)
    expect(await firewalls().availableInstances(site.world.db, site.me, {})).toEqual([])
    const key = await site.world.sshKey(site.me)
    const deployment = {
      vm_name: 'guarded',
      region: testRegion,
      flavor: 'cpu-small',
      os_image: 'garrison-small',
      ssh_key_ids: [key.public_id],
      security_rules: [allowSsh],
    }
    await expect(
      site.world.change((tx) => site.world.services.deployment.deploy(tx, site.me, deployment)),
    ).rejects.toMatchObject(refusal)
  })

  it('without IPv6 refuses rules about it, and takes those about IPv4', async () => {
    await site.reopen({ capabilities: { firewallIpv6: false } })
    const firewall = await site.world.firewall(site.me, allowSsh)
    const ipv6 = { ...allow(80), ethertype: 'IPv6' as const, remote_ip_prefix: '::/0' }
    await expect(addRule(firewall, ipv6)).rejects.toMatchObject(refusal)
  })
})

describe("another account's", () => {
  it('firewalls, rules and attachments do not exist', async () => {
    const stranger = await site.world.account('Stranger')
    const machine = await site.world.runningInstance(site.me)
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, machine)
    await site.world.settle()
    const { public_id } = firewall
    const [rule] = (await firewalls().contentsOf(site.world.db, firewall)).rules
    const notFound = { code: 'NOT_FOUND' }
    await expect(firewalls().require(site.world.db, stranger, public_id)).rejects.toMatchObject(
      notFound,
    )
    for (const change of [
      () => site.world.change((tx) => firewalls().delete(tx, stranger, public_id, { force: true })),
      () => site.world.change((tx) => firewalls().addRule(tx, stranger, public_id, allow(80))),
      () =>
        site.world.change((tx) => firewalls().removeRule(tx, stranger, public_id, rule?.id ?? '')),
      () => site.world.change((tx) => firewalls().attach(tx, stranger, public_id, ids([machine]))),
      () => site.world.change((tx) => firewalls().detach(tx, stranger, public_id, ids([machine]))),
      () =>
        site.world.change((tx) =>
          site.world.services.securityRules.add(tx, stranger, machine.public_id, allow(80)),
        ),
    ]) {
      await expect(change()).rejects.toMatchObject(notFound)
    }
    const list = await firewalls().list(site.world.db, stranger, {}, { limit: 20, offset: 0 })
    expect(list).toMatchObject({ rows: [], total: 0, statistics: { rules: 0, attachments: 0 } })
    const theirs = { ...firewall, account_id: stranger.accountId }
    expect(await firewalls().contentsOf(site.world.db, theirs)).toEqual({
      rules: [],
      attachments: [],
    })
    expect(ports(machine)).toEqual([22])
  })
})
