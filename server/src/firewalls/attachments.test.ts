import { describe, expect, it } from 'vitest'
import { allow, allowSsh } from '../testing/world.ts'
import { openSite } from './testing.ts'

const site = openSite()
const {
  firewalls,
  addRule,
  attach,
  detach,
  remove,
  addOwnRule,
  stop,
  statuses,
  ruleStatuses,
  operations,
  ports,
} = site

describe('an attached firewall', () => {
  it('reaches the machine, and then says so', async () => {
    const machine = await site.world.runningInstance(site.me)
    expect(ports(machine)).toBeNull()
    const firewall = await site.world.firewall(site.me, allowSsh)
    await site.world.stopRunners()
    const { attachments } = await attach(firewall, machine)
    expect(attachments).toMatchObject([
      { status: 'ATTACHING', instance_public_id: machine.public_id },
    ])
    await site.world.settle()
    expect(ports(machine)).toEqual([22])
    expect(await statuses(firewall)).toEqual(['SUCCESS'])
  })

  it('without rules lets nothing in', async () => {
    const machine = await site.world.runningInstance(site.me)
    await attach(await site.world.firewall(site.me), machine)
    await site.world.settle()
    expect(ports(machine)).toEqual([])
  })

  it('reaches every one of its machines with every change', async () => {
    const machines = [
      await site.world.runningInstance(site.me),
      await site.world.runningInstance(site.me),
    ]
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, ...machines)
    const { rule } = await addRule(firewall, allow(8080))
    expect(rule.status).toBe('CREATING')
    await site.world.settle()
    expect(machines.map(ports)).toEqual([
      [22, 8080],
      [22, 8080],
    ])
    expect(await ruleStatuses(firewall)).toEqual(['SUCCESS', 'SUCCESS'])
    await site.world.change((tx) =>
      firewalls().removeRule(tx, site.me, firewall.public_id, rule.id),
    )
    await site.world.settle()
    expect(machines.map(ports)).toEqual([[22], [22]])
    expect(await statuses(firewall)).toEqual(['SUCCESS', 'SUCCESS'])
  })

  it('adds up with others and with the rules of the machine, and says nothing twice', async () => {
    const machine = await site.world.runningInstance(site.me)
    await attach(await site.world.firewall(site.me, allowSsh, allow(80)), machine)
    await attach(await site.world.firewall(site.me, allowSsh, allow(443)), machine)
    await addOwnRule(machine, allow(8080))
    await site.world.settle()
    expect(ports(machine)).toEqual([22, 443, 80, 8080])
  })

  it('that is attached again changes nothing', async () => {
    const machine = await site.world.runningInstance(site.me)
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, machine)
    await site.world.settle()
    const before = await operations()
    const { attachments, failed } = await attach(firewall, machine)
    expect({ failed, statuses: attachments.map((each) => each.status) }).toEqual({
      failed: [],
      statuses: ['SUCCESS'],
    })
    expect(await operations()).toEqual(before)
  })

  it('is gone from the machine once it is detached, and the last one leaves it open', async () => {
    const machine = await site.world.runningInstance(site.me)
    const [one, other] = [
      await site.world.firewall(site.me, allowSsh),
      await site.world.firewall(site.me, allow(80)),
    ]
    await attach(one, machine)
    await attach(other, machine)
    await site.world.settle()
    const { attachments } = await detach(one, machine)
    expect(attachments).toMatchObject([{ status: 'DETACHING' }])
    await site.world.settle()
    expect(ports(machine)).toEqual([80])
    expect(await statuses(one)).toEqual([])
    await detach(other, machine)
    await site.world.settle()
    expect(ports(machine)).toBeNull()
  })

  it('that is detached and attached in one breath is attached', async () => {
    const machine = await site.world.runningInstance(site.me)
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, machine)
    await site.world.settle()
    await site.world.stopRunners()
    await detach(firewall, machine)
    await attach(firewall, machine)
    await site.world.settle()
    expect(await statuses(firewall)).toEqual(['SUCCESS'])
    expect(ports(machine)).toEqual([22])
  })

  it('is attached where it can be, and says where it cannot', async () => {
    const [running, stopped] = [
      await site.world.runningInstance(site.me),
      await site.world.runningInstance(site.me),
    ]
    await stop(stopped)
    await site.world.settle()
    const firewall = await site.world.firewall(site.me)
    const nobody = { id: '', public_id: 'BRK-000000D' }
    const { attachments, failed } = await attach(firewall, stopped, running, nobody)
    expect(attachments.map((each) => each.instance_public_id)).toEqual([running.public_id])
    expect(failed).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          instance_id: stopped.public_id,
          error_code: 'INVALID_INSTANCE_STATE',
          message: expect.stringMatching(/must be ACTIVE.*is SHUTOFF/),
        }),
        expect.objectContaining({ instance_id: 'BRK-000000D', error_code: 'NOT_FOUND' }),
      ]),
    )
    await expect(attach(firewall, stopped)).rejects.toMatchObject({
      code: 'INVALID_INSTANCE_STATE',
    })
    await expect(detach(firewall, stopped)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/not attached/),
    })
  })

  it('is for machines of its region only', async () => {
    const machine = await site.world.runningInstance(site.me)
    const firewall = await site.world.firewall(site.me)
    await site.world.db
      .updateTable('firewalls')
      .set({ region: 'ELSEWHERE' } as never)
      .execute()
    await expect(attach(firewall, machine)).rejects.toMatchObject({
      code: 'REGION_MISMATCH',
      message: expect.stringMatching(/ELSEWHERE/),
    })
  })

  it('goes with its machine, which stays stopped when its rules change', async () => {
    const machine = await site.world.runningInstance(site.me)
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, machine)
    await site.world.settle()
    await stop(machine)
    await addRule(firewall, allow(80))
    await site.world.settle()
    expect(await site.world.engine.observe(machine.id)).toMatchObject({ status: 'stopped' })
    expect(ports(machine)).toEqual([22, 80])
    await site.world.change((tx) =>
      site.world.services.instances.start(tx, site.me, machine.public_id),
    )
    await addRule(firewall, allow(443))
    await site.world.settle()
    expect(ports(machine)).toEqual([22, 443, 80])
    expect(await statuses(firewall)).toEqual(['SUCCESS'])
    await site.world.change((tx) =>
      site.world.services.instances.delete(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    expect(await statuses(firewall)).toEqual([])
    await remove(firewall)
  })
})

describe('changes in quick succession', () => {
  it('end in the last set, with few operations', async () => {
    const machine = await site.world.runningInstance(site.me)
    const firewall = await site.world.firewall(site.me)
    await site.world.stopRunners()
    await attach(firewall, machine)
    for (let port = 1; port <= 10; port++) await addRule(firewall, allow(port))
    await site.world.settle()
    expect(ports(machine)).toHaveLength(10)
    expect(await operations()).toEqual(['done'])
  })

  it('end in the last set while they are being applied', async () => {
    site.world.startRunner()
    const machine = await site.world.runningInstance(site.me)
    const [one, other] = [await site.world.firewall(site.me), await site.world.firewall(site.me)]
    await Promise.all([attach(one, machine), attach(other, machine)])
    const changes = Array.from({ length: 12 }, async (_, index) => {
      const firewall = index % 2 === 0 ? one : other
      const { rule } = await addRule(firewall, allow(1000 + index))
      if (index % 3 === 0)
        await site.world.change((tx) =>
          firewalls().removeRule(tx, site.me, firewall.public_id, rule.id),
        )
    })
    await Promise.all(changes)
    await site.world.settle()
    const kept = Array.from({ length: 12 }, (_, index) => 1000 + index)
    expect(ports(machine)).toEqual(kept.filter((_, index) => index % 3 !== 0))
    expect([...(await statuses(one)), ...(await statuses(other))]).toEqual(['SUCCESS', 'SUCCESS'])
    expect(await ruleStatuses(one)).toEqual(Array(4).fill('SUCCESS'))
  })

  it('are not in the way of a stop', async () => {
    const machine = await site.world.runningInstance(site.me)
    await site.world.stopRunners()
    await attach(await site.world.firewall(site.me, allowSsh), machine)
    await stop(machine)
    await site.world.settle()
    expect(await site.world.instance(site.me, machine)).toMatchObject({ status: 'SHUTOFF' })
    expect(ports(machine)).toEqual([22])
  })
})

describe('a machine whose rules cannot be changed', () => {
  const broken = () => site.world.runningInstance(site.me, 'fail-firewall')

  it('goes on with those that it had, and everything says so', async () => {
    const machine = await broken()
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, machine)
    const { rule } = await addOwnRule(machine, allow(80))
    await site.world.settle()
    expect(ports(machine)).toBeNull()
    expect(await statuses(firewall)).toEqual(['ERROR'])
    const { rules } = await site.world.services.securityRules.protectionOf(
      site.world.db,
      await site.world.instance(site.me, machine),
    )
    expect(rules).toMatchObject([{ id: rule.id, status: 'ERROR' }])
    const after = await site.world.instance(site.me, machine)
    expect(after).toMatchObject({ status: 'ACTIVE' })
    expect(after.error).toMatch(/firewall could not be changed: .*fail-firewall/)
  })

  it('has them after a stop and a start, and then all is well', async () => {
    const machine = await broken()
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, machine)
    await site.world.settle()
    await stop(machine)
    await site.world.settle()
    await site.world.change((tx) =>
      site.world.services.instances.start(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    expect(ports(machine)).toEqual([22])
    expect(await statuses(firewall)).toEqual(['SUCCESS'])
    expect(await site.world.instance(site.me, machine)).toMatchObject({
      status: 'ACTIVE',
      error: null,
    })
  })

  it('keeps a firewall that was to be deleted, which can be tried again', async () => {
    const machine = await broken()
    const firewall = await site.world.firewall(site.me, allowSsh)
    await attach(firewall, machine)
    await site.world.settle()
    await stop(machine)
    await site.world.settle()
    await site.world.change((tx) =>
      site.world.services.instances.start(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    await remove(firewall, { force: true })
    await site.world.settle()
    expect(await firewalls().require(site.world.db, site.me, firewall.public_id)).toMatchObject({
      status: 'ERROR',
    })
    expect(await statuses(firewall)).toEqual(['ERROR'])
    await site.world.change((tx) =>
      site.world.services.instances.delete(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    await remove(firewall)
  })
})
