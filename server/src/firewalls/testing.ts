/** A world for each test of a file, and one line for each thing that is done with firewalls in it. */
import type { SecurityRuleRequest } from '@garrison/contract/instances/routes'
import { afterEach, beforeEach } from 'vitest'
import type { Caller } from '../caller.ts'
import { hastyClock } from '../testing/hasty-clock.ts'
import { createWorld, testRegion, type World, type WorldOptions } from '../testing/world.ts'
import type { Firewall } from './store.ts'

export type Machine = { readonly id: string; readonly public_id: string }

/** Instead of hooks: to be called once at the top of a test file. */
export function openSite() {
  let world: World
  let me: Caller
  const open = async (options: WorldOptions = {}) => {
    world = await createWorld({ clock: hastyClock, ...options })
    me = await world.account()
  }
  beforeEach(() => open())
  afterEach(() => world.close())

  const firewalls = () => world.services.firewalls
  const create = (name: string, caller = me) =>
    world.change((tx) => firewalls().create(tx, caller, { name, region: testRegion }))
  const addRule = ({ public_id }: Firewall, rule: SecurityRuleRequest) =>
    world.change((tx) => firewalls().addRule(tx, me, public_id, rule))
  const attach = ({ public_id }: Firewall, ...machines: Machine[]) =>
    world.change((tx) => firewalls().attach(tx, me, public_id, ids(machines)))
  const detach = ({ public_id }: Firewall, ...machines: Machine[]) =>
    world.change((tx) => firewalls().detach(tx, me, public_id, ids(machines)))
  const remove = ({ public_id }: Firewall, options = { force: false }) =>
    world.change((tx) => firewalls().delete(tx, me, public_id, options))
  const addOwnRule = ({ public_id }: Machine, rule: SecurityRuleRequest) =>
    world.change((tx) => world.services.securityRules.add(tx, me, public_id, rule))
  const stop = ({ public_id }: Machine) =>
    world.change((tx) => world.services.instances.stop(tx, me, public_id))

  const ids = (machines: readonly Machine[]) => machines.map((machine) => machine.public_id)
  const statuses = async (firewall: Firewall) =>
    (await firewalls().contentsOf(world.db, firewall)).attachments.map((each) => each.status)
  const ruleStatuses = async (firewall: Firewall) =>
    (await firewalls().contentsOf(world.db, firewall)).rules.map((each) => each.status)
  const operations = async () => {
    const rows = await world.db
      .selectFrom('operations')
      .select(['kind', 'state'])
      .where('kind', '=', 'apply-firewall')
      .execute()
    return rows.map((row) => row.state)
  }
  /** The ports that a machine lets in; null when it has no firewall. */
  const ports = (machine: Machine) =>
    world.engine
      .rulesOf(machine.id)
      ?.map((rule) => rule.portMin)
      .sort() ?? null

  return {
    get world() {
      return world
    },
    get me() {
      return me
    },
    /** Another world in place of the first. */
    async reopen(options: WorldOptions) {
      await world.close()
      await open(options)
    },
    firewalls,
    create,
    addRule,
    attach,
    detach,
    remove,
    addOwnRule,
    stop,
    ids,
    statuses,
    ruleStatuses,
    operations,
    ports,
  }
}
