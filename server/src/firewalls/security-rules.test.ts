import { describe, expect, it } from 'vitest'
import { allow, allowSsh, testRegion } from '../testing/world.ts'
import { type Machine, openSite } from './testing.ts'

const site = openSite()
const { addRule, addOwnRule, stop, statuses, ruleStatuses, ports } = site

describe('rules of one machine', () => {
  const removeOwn = ({ public_id }: Machine, rule: string) =>
    site.world.change((tx) =>
      site.world.services.securityRules.remove(tx, site.me, public_id, rule),
    )

  it('close it to everything else, and leave it open when they are gone', async () => {
    const machine = await site.world.runningInstance(site.me)
    const { rule } = await addOwnRule(machine, allowSsh)
    expect(rule.status).toBe('CREATING')
    await site.world.settle()
    expect(ports(machine)).toEqual([22])
    await removeOwn(machine, rule.id)
    await site.world.settle()
    expect(ports(machine)).toBeNull()
  })

  it('are added while it is ACTIVE, and removed also when it is stopped', async () => {
    const machine = await site.world.runningInstance(site.me)
    const { rule } = await addOwnRule(machine, allowSsh)
    await stop(machine)
    await site.world.settle()
    await expect(addOwnRule(machine, allow(80))).rejects.toMatchObject({
      code: 'INVALID_INSTANCE_STATE',
      message: expect.stringMatching(/must be ACTIVE.*is SHUTOFF/),
    })
    await removeOwn(machine, rule.id)
    await site.world.settle()
    expect(ports(machine)).toBeNull()
    await expect(removeOwn(machine, rule.id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('are not copied by a restore of its snapshot', async () => {
    const machine = await site.world.runningInstance(site.me)
    await addOwnRule(machine, allowSsh)
    await site.world.settle()
    const { public_id } = await site.world.readySnapshot(site.me, machine)
    const { instance } = await site.world.change((tx) =>
      site.world.services.snapshots.restore(tx, site.me, public_id, 'again'),
    )
    await site.world.settle()
    expect(ports(instance)).toBeNull()
  })
})

describe('a machine deployed with firewalls and rules', () => {
  const deploy = async (change: object) => {
    const key = await site.world.sshKey(site.me)
    const { instance } = await site.world.change((tx) =>
      site.world.services.deployment.deploy(tx, site.me, {
        vm_name: 'guarded',
        region: testRegion,
        flavor: 'cpu-small',
        os_image: 'garrison-small',
        ssh_key_ids: [key.public_id],
        ...change,
      }),
    )
    return instance
  }

  it('never runs without them', async () => {
    const firewall = await site.world.firewall(site.me, allow(443))
    const machine = await deploy({
      firewall_ids: [firewall.public_id],
      security_rules: [allowSsh],
    })
    await site.world.settle()
    expect(ports(machine)).toEqual([22, 443])
    expect(site.world.engine.effects()).not.toContain(`firewall.apply ${machine.id}`)
    expect(await statuses(firewall)).toEqual(['SUCCESS'])
    const protection = await site.world.services.securityRules.protectionOf(site.world.db, machine)
    expect(protection.rules).toMatchObject([{ status: 'SUCCESS' }])
  })

  it('has a rule that was added while it was being made', async () => {
    const firewall = await site.world.firewall(site.me, allow(443))
    await site.world.stopRunners()
    const machine = await deploy({ firewall_ids: [firewall.public_id] })
    await addRule(firewall, allowSsh)
    await site.world.settle()
    expect(ports(machine)).toEqual([22, 443])
    expect(await ruleStatuses(firewall)).toEqual(['SUCCESS', 'SUCCESS'])
  })

  it('is refused one that is being deleted, one of another region, and a rule twice', async () => {
    const firewall = await site.world.firewall(site.me)
    const firewall_ids = [firewall.public_id]
    await site.world.db.updateTable('firewalls').set({ status: 'DELETING' }).execute()
    await expect(deploy({ firewall_ids })).rejects.toMatchObject({ code: 'OPERATION_IN_PROGRESS' })
    await site.world.db
      .updateTable('firewalls')
      .set({ status: 'SUCCESS', region: 'ELSEWHERE' } as never)
      .execute()
    await expect(deploy({ firewall_ids })).rejects.toMatchObject({ code: 'REGION_MISMATCH' })
    await expect(deploy({ security_rules: [allowSsh, allow(80), allowSsh] })).rejects.toMatchObject(
      {
        code: 'VALIDATION_ERROR',
        fields: { 'security_rules.2': [expect.any(String)] },
      },
    )
    expect(await site.world.db.selectFrom('instances').select('id').execute()).toEqual([])
  })

  it('that never comes to run says that they are not in force', async () => {
    const firewall = await site.world.firewall(site.me, allowSsh)
    await deploy({ vm_name: 'fail-start', firewall_ids: [firewall.public_id] })
    await site.world.settle()
    expect(await statuses(firewall)).toEqual(['ERROR'])
  })
})
