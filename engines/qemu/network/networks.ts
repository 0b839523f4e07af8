/**
 * Networks of machines on this host: one per tenant, in a network namespace of its own, each a /24 of
 * the installation's /16. The host reaches every machine at its address; machines reach the internet,
 * and other tenants, the host and its metadata service not at all.
 *
 * Records say what is to be; the kernel and the DHCP servers are made to follow, network by network,
 * as a whole. So a change, a second start, the first start after a reboot and the clean-up after being
 * killed are all the same piece of work.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AddressRange } from '../../address-pools.ts'
import {
  type Address,
  CapacityError,
  EngineError,
  type FirewallRule,
  NotFoundError,
  UnsupportedError,
} from '../../engine.ts'
import { Locks } from '../../locks.ts'
import { Records } from '../records/records.ts'
import { ensureSubnet, releaseSubnet } from './addresses/claim.ts'
import { hasIpv6 } from './addresses/ipv6.ts'
import {
  addressOf,
  FIRST_MACHINE,
  MACHINES,
  NETWORKS,
  networkOf,
  runFolder,
  tapOf,
} from './addresses/layout.ts'
import { type Cidr, formatCidr, nextFree } from './addresses/subnets.ts'
import { stopDhcp } from './dhcp.ts'
import {
  ensureHostNetwork,
  type Log,
  networksOnHost,
  removeHostRules,
  requireHost,
  warnOfHost,
} from './host-network.ts'
import { PublicAddresses } from './public-addresses.ts'
import { MachineRecord, TenantRecord } from './records.ts'
import { firewallStatements } from './rules/firewall.ts'
import type { Port } from './taps.ts'
import { TenantNetwork } from './tenant-network.ts'

/** So many networks are seen to at once; more would only wait for the kernel's one big network lock. */
const AT_ONCE = 4

/** A subnet that is never used, to find what has our mark when it is not known which one is ours. */
const NO_SUBNET: Cidr = { first: 0, prefix: 16 }

export class Networks {
  readonly #dir: string
  readonly #mark: string
  readonly #log: Log
  readonly #pools: readonly AddressRange[]
  readonly #publicAddresses: PublicAddresses
  readonly #connections: number | undefined
  readonly #tenants: Records<TenantRecord>
  readonly #machines: Records<MachineRecord>
  /** `records` for giving numbers and taking them back, and each network's number for what is made. */
  readonly #locks = new Locks()
  readonly #networks = new Map<number, TenantNetwork>()
  /** Work on a network that has not begun and will find whatever is in the records by then. */
  readonly #planned = new Map<number, Promise<void>>()
  #subnet: Cidr | null = null
  #lastNetwork = -1
  readonly #lastMachine = new Map<string, number>()

  /**
   * @param options.dir Absolute path of a folder for records.
   * @param options.mark 1 to 8 lower-case letters and digits, unique to the installation on this host.
   * @param options.connectionsPerMachine Each way; left out, its share of what the kernel can hold.
   * @param options.addressPools Public addresses that come to this host; none: it makes do by itself.
   */
  constructor(options: {
    dir: string
    mark: string
    log: Log
    addressPools?: readonly AddressRange[]
    connectionsPerMachine?: number
  }) {
    if (!/^[a-z0-9]{1,8}$/.test(options.mark))
      throw new RangeError(`Not a mark: ${JSON.stringify(options.mark)}`)
    this.#dir = options.dir
    this.#mark = options.mark
    this.#log = options.log
    this.#pools = options.addressPools ?? []
    this.#connections = options.connectionsPerMachine
    this.#tenants = new Records(join(options.dir, 'tenants'), TenantRecord)
    this.#machines = new Records(join(options.dir, 'machines'), MachineRecord)
    const { mark, log } = options
    const machines = this.#machines
    const file = join(options.dir, 'answered.json')
    const configured = this.#pools
    this.#publicAddresses = new PublicAddresses({ mark, log, machines, configured, file })
  }

  /**
   * Makes what the records say, adopts what is there, removes what carries the mark and is in no record.
   * May be called again at any time, to repair. Throws {@link EngineError} with what to install or do.
   */
  async start(): Promise<void> {
    if (this.#subnet === null) {
      await requireHost()
      const { subnet, rival } = await ensureSubnet(this.#mark, this.#dir, this.#pools)
      if (rival !== null)
        this.#log(
          'warn',
          `Networks of machines use ${formatCidr(subnet)}, and so does ${rival} by now: ` +
            'some of its addresses, or machines, cannot be reached from this host',
        )
      await this.#tenants.load()
      await this.#machines.load()
      await warnOfHost(this.#mark, this.#log)
      this.#publicAddresses.open(subnet)
      this.#subnet = subnet
    }
    await ensureHostNetwork(this.#mark, this.#subnet, this.#log)
    await this.#publicAddresses.settle()
    const numbers = this.#tenants.values().map(({ number }) => number)
    const all = new Set([...numbers, ...(await networksOnHost(this.#mark))])
    await inParallel([...all], (number) =>
      this.#locks.run(String(number), () => {
        // Forgets what was known, so that everything is looked at anew.
        this.#networks.delete(number)
        return this.#settle(number)
      }),
    )
  }

  /** The installation's /16. Throws {@link EngineError} before {@link start}. */
  get subnet(): Cidr {
    if (this.#subnet === null) throw new EngineError('Networks have not been started')
    return this.#subnet
  }

  /**
   * The machine's address, the same until it is released. Nothing is made for it on the host yet.
   * Throws {@link CapacityError} when the tenant's network, or the installation, is full.
   */
  async ensureAddress(machine: string, tenant: string): Promise<Address> {
    return this.#locks.run('records', async () => {
      const record = this.#machines.get(machine)
      if (record !== undefined) {
        if (record.tenant !== tenant)
          throw new EngineError(
            `Machine ${machine} has an address in the network of another tenant`,
          )
        return this.#addressOf(record)
      }
      // Before the tenant gets a network: a machine that finds no room must not leave one behind.
      const number = this.#freeMachineNumber(tenant)
      if (this.#tenants.get(tenant) === undefined)
        await this.#tenants.put(tenant, { number: this.#freeNetworkNumber() })
      const made = { tenant, number, uid: null, rules: null, publicAddress: null }
      await this.#machines.put(machine, made)
      this.#lastMachine.set(tenant, number)
      return this.#addressOf(made)
    })
  }

  /** Takes back the address, with the tap if there is one; the tenant's last one takes its network along. */
  async releaseAddress(machine: string): Promise<void> {
    const record = this.#machines.get(machine)
    if (record === undefined) return
    const { number } = this.#network(record.tenant).network
    await this.#locks.run('records', () => this.#machines.delete(machine))
    await this.#settleSoon(number)
    if (record.publicAddress !== null) await this.#publicAddresses.settle()
  }

  /**
   * The machine's public address, the same until it is released. It reaches the machine as soon as that
   * has a tap. Throws {@link CapacityError} when every address of the pools is taken or somebody else's.
   */
  async ensurePublicAddress(
    machine: string,
    tenant: string,
    signal?: AbortSignal,
  ): Promise<{ ip: string }> {
    await this.ensureAddress(machine, tenant)
    const record = (publicAddress: string) => this.#write(machine, { publicAddress })
    const ip = await this.#publicAddresses.give(machine, record, signal)
    await this.#follow(this.#recordOf(machine))
    return { ip }
  }

  /** Connections by way of it are cut. Fine when there is none. */
  async releasePublicAddress(machine: string): Promise<void> {
    if (this.#machines.get(machine) !== undefined)
      await this.#change(machine, { publicAddress: null })
  }

  get publicAddresses(): Pick<PublicAddresses, 'total' | 'machines'> {
    return this.#publicAddresses
  }

  /**
   * A tap for the machine's QEMU, which runs as `uid` in the network namespace. Its firewall rules and
   * its lease are in force when this answers.
   *
   * @param uid A user without a name: `ip` shows others by name, and their taps are made anew each time.
   */
  async ensureTap(machine: string, uid: number): Promise<{ netns: string; tap: string }> {
    const { tenant, number } = await this.#change(machine, { uid })
    return { netns: this.#network(tenant).network.netns, tap: tapOf(number) }
  }

  /** Name of its tap; `null`: it has none. */
  tapOf(machine: string): string | null {
    const record = this.#machines.get(machine)
    return record === undefined || record.uid === null ? null : tapOf(record.number)
  }

  async removeTap(machine: string): Promise<void> {
    if (this.#machines.get(machine) !== undefined) await this.#change(machine, { uid: null })
  }

  /**
   * The machine's whole firewall, in one step; `null`: nothing is filtered. It outlives the tap. Throws
   * {@link EngineError}, with everything as it was, for a rule that cannot be enforced.
   */
  async applyRules(machine: string, rules: readonly FirewallRule[] | null): Promise<void> {
    if (rules !== null) requireEnforceable(rules)
    await this.#change(machine, { rules: rules === null ? null : [...rules] })
  }

  /** Who has an address. */
  async machines(): Promise<string[]> {
    return this.#machines.entries().map(([id]) => id)
  }

  /**
   * Removes everything that carries the mark, and the records. Does not need to be started; is not to
   * be used afterwards.
   */
  async destroy(): Promise<void> {
    await this.#machines.load()
    await this.#publicAddresses.remove()
    const numbers = [...(await networksOnHost(this.#mark))]
    await inParallel(numbers, (number) =>
      this.#locks.run(String(number), () => this.#networkAt(number).remove()),
    )
    await stopDhcp(runFolder(this.#mark))
    await rm(runFolder(this.#mark), { recursive: true, force: true })
    await removeHostRules(this.#mark)
    await releaseSubnet(this.#mark, this.#dir)
    await rm(this.#dir, { recursive: true, force: true })
  }

  /** Changes a machine's record and has its network follow. */
  async #change(machine: string, change: Change): Promise<MachineRecord> {
    const { before, after } = await this.#write(machine, change)
    await this.#follow(after, before)
    return after
  }

  #write(
    machine: string,
    change: Change,
  ): Promise<{ before: MachineRecord; after: MachineRecord }> {
    return this.#locks.run('records', async () => {
      const before = this.#recordOf(machine)
      const after = { ...before, ...change }
      await this.#machines.put(machine, after)
      return { before, after }
    })
  }

  async #follow({ tenant, publicAddress }: MachineRecord, before?: MachineRecord): Promise<void> {
    await this.#settleSoon(this.#network(tenant).network.number)
    if (publicAddress !== null || (before?.publicAddress ?? null) !== null)
      await this.#publicAddresses.settle()
  }

  /** All changes that wait for their network while it is being worked on are made in one go. */
  #settleSoon(number: number): Promise<void> {
    const planned = this.#planned.get(number)
    if (planned !== undefined) return planned
    const settled = this.#locks.run(String(number), () => {
      this.#planned.delete(number)
      return this.#settle(number)
    })
    this.#planned.set(number, settled)
    return settled
  }

  /** The network is as the records say. Under its lock. */
  async #settle(number: number): Promise<void> {
    const network = this.#networkAt(number)
    const ports = this.#portsOf(number)
    if (ports === null) {
      await network.remove()
      this.#networks.delete(number)
      await this.#locks.run('records', async () => {
        const tenant = this.#tenantAt(number)
        if (tenant !== undefined && this.#portsOf(number) === null)
          await this.#tenants.delete(tenant)
      })
    } else if (ports.length > 0 || (await network.exists())) await network.ensure(ports)
  }

  /** Of every machine with a tap; `null` when no machine has an address there. */
  #portsOf(number: number): Port[] | null {
    const tenant = this.#tenantAt(number)
    const records = this.#machines.values().filter((record) => record.tenant === tenant)
    if (records.length === 0) return null
    return records.flatMap(({ number: machine, uid, rules, publicAddress }) =>
      uid === null ? [] : [{ machine, uid, rules, publicAddress }],
    )
  }

  #addressOf({ tenant, number }: MachineRecord): Address {
    return addressOf(this.#network(tenant).network, number)
  }

  #network(tenant: string): TenantNetwork {
    const record = this.#tenants.get(tenant)
    if (record === undefined) throw new NotFoundError(`Tenant ${tenant} has no network`)
    return this.#networkAt(record.number)
  }

  #networkAt(number: number): TenantNetwork {
    const known = this.#networks.get(number)
    if (known !== undefined) return known
    const network = networkOf(this.#mark, this.#subnet ?? NO_SUBNET, number)
    const made = new TenantNetwork(network, this.#connections)
    this.#networks.set(number, made)
    return made
  }

  #tenantAt(number: number): string | undefined {
    return this.#tenants.entries().find(([, record]) => record.number === number)?.[0]
  }

  #freeMachineNumber(tenant: string): number {
    const taken = this.#machines
      .values()
      .filter((record) => record.tenant === tenant)
      .map(({ number }) => number)
    const last = this.#lastMachine.get(tenant) ?? Math.max(FIRST_MACHINE - 1, ...taken)
    const free = nextFree(last, new Set(taken), FIRST_MACHINE, MACHINES)
    if (free !== null) return free
    throw new CapacityError(`The tenant has ${MACHINES} machines, which is what its network holds`)
  }

  #recordOf(machine: string): MachineRecord {
    const record = this.#machines.get(machine)
    if (record === undefined) throw new NotFoundError(`Machine ${machine} has no address`)
    return record
  }

  #freeNetworkNumber(): number {
    if (this.#subnet === null) throw new EngineError('Networks are not started: call start()')
    const taken = this.#tenants.values().map(({ number }) => number)
    const last = Math.max(this.#lastNetwork, ...taken)
    const free = nextFree(last, new Set(taken), 0, NETWORKS)
    if (free === null)
      throw new CapacityError(`${NETWORKS} tenants have networks, which is what this host holds`)
    this.#lastNetwork = free
    return free
  }
}

/** Throws {@link UnsupportedError} naming what cannot be enforced. */
function requireEnforceable(rules: readonly FirewallRule[]): void {
  firewallStatements(rules)
  if (!hasIpv6 && rules.some((rule) => rule.ethertype === 'IPv6'))
    throw new UnsupportedError('This host has no IPv6, so no firewall rule can be about it')
}

type Change = Partial<Pick<MachineRecord, 'uid' | 'rules' | 'publicAddress'>>

/** Does the work for each; one that fails does not keep the others from being done. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const errors: unknown[] = []
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift())
      await work(item).catch((error) => errors.push(error))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  if (errors.length > 0) throw errors[0]
}
