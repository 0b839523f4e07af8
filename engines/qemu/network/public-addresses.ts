/**
 * Public addresses: which there are, which is next, and what the host itself knows of those in force.
 * What happens to them in the tenants' networks is in rules/tenant.ts and tenant-network.ts.
 *
 * Without pools of the operator's, an installation has those of {@link hostOnlyPool}: they need nothing
 * of the network around the host, which does not know them.
 */
import { type AddressRange, freeAddresses, isInPools, sizeOf } from '../../address-pools.ts'
import { CapacityError, EngineError } from '../../engine.ts'
import { toText } from '../../ipv4.ts'
import { Locks } from '../../locks.ts'
import type { Records } from '../records/records.ts'
import { formatRange, hostOnlyPool } from './addresses/layout.ts'
import { type Cidr, formatCidr } from './addresses/subnets.ts'
import { Answered } from './answered.ts'
import { ensureHostRules, type Log } from './host-network.ts'
import type { MachineRecord } from './records.ts'
import { ensureAnswered, readUplinks, userOf } from './uplinks.ts'

export type PublicAddressesOptions = {
  readonly mark: string
  readonly log: Log
  /** Of the operator; they come to this host. */
  readonly configured: readonly AddressRange[]
  readonly machines: Records<MachineRecord>
  /** Absolute path of a file of its own. */
  readonly file: string
}

export class PublicAddresses {
  readonly #options: PublicAddressesOptions
  readonly #locks = new Locks()
  readonly #answered: Answered
  #subnet: Cidr | null = null
  #last: string | null = null

  constructor(options: PublicAddressesOptions) {
    this.#options = options
    this.#answered = new Answered(options.file)
  }

  /** Throws {@link EngineError} for a pool that machines have as their own addresses. */
  open(subnet: Cidr): void {
    const own = { first: toText(subnet.first), last: toText(subnet.first + 2 ** 16 - 1) }
    for (const pool of this.#options.configured)
      if (isInPools([own], pool.first) || isInPools([pool], own.first))
        throw new EngineError(
          `The public addresses ${formatRange(pool)} overlap ${formatCidr(subnet)}, which machines of ` +
            'this installation use among themselves; take them out of address_pools',
        )
    this.#subnet = subnet
  }

  /** How many there are in all, taken or not. */
  get total(): number {
    return sizeOf(this.#pools)
  }

  /** Machines that have one. */
  machines(): string[] {
    return this.#options.machines
      .entries()
      .filter(([, { publicAddress }]) => publicAddress !== null)
      .map(([id]) => id)
  }

  /**
   * One that nobody has, or that is the machine's already. `record` remembers it; no other is given out
   * meanwhile. Throws {@link CapacityError} when there is none.
   */
  give(
    machine: string,
    record: (ip: string) => Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    return this.#locks.run(
      'give',
      async () => {
        const given = this.#options.machines.get(machine)?.publicAddress ?? null
        if (given !== null) return given
        const ip = await this.#choose(signal)
        await record(ip)
        this.#last = ip
        return ip
      },
      signal,
    )
  }

  /** The host's rules, and what it answers for, are as the records say. */
  settle(): Promise<void> {
    return this.#locks.run('host', async () => {
      const { mark, machines, configured } = this.#options
      const inForce = machines
        .values()
        .flatMap(({ publicAddress, uid }) => (uid === null ? [] : (publicAddress ?? [])))
      const isRouted = (ip: string) => !isInPools([this.#hostOnly], ip)
      await ensureHostRules(
        mark,
        this.#startedSubnet,
        inForce.map((ip) => ({ ip, routed: isRouted(ip) })),
      )
      const wanted = inForce.filter(isRouted)
      const former = await this.#answered.add(wanted)
      await ensureAnswered(mark, wanted, (ip) => former.has(ip) || isInPools(configured, ip))
      await this.#answered.keepOnly(wanted)
    })
  }

  /** Takes off the host what was answered for. Does not need to be opened. */
  async remove(): Promise<void> {
    const { mark, machines } = this.#options
    const given = machines.values().map(({ publicAddress }) => publicAddress)
    const former = await this.#answered.add([])
    await ensureAnswered(mark, [], (ip) => former.has(ip) || given.includes(ip))
  }

  async #choose(signal: AbortSignal | undefined): Promise<string> {
    const { mark, log, machines } = this.#options
    const taken = new Set(machines.values().flatMap((record) => record.publicAddress ?? []))
    const uplinks = await readUplinks(mark)
    for (const ip of freeAddresses(this.#pools, taken, this.#last)) {
      signal?.throwIfAborted()
      const user = await userOf(uplinks, ip)
      if (user === null) return ip
      log('warn', `The public address ${ip} is passed over: ${user}`)
    }
    throw new CapacityError(
      `None of the ${this.total} public addresses of this host is free; take one from another machine, ` +
        'or have the operator add to address_pools',
    )
  }

  get #pools(): readonly AddressRange[] {
    const { configured } = this.#options
    return configured.length > 0 ? configured : [this.#hostOnly]
  }

  get #hostOnly(): AddressRange {
    return hostOnlyPool(this.#startedSubnet)
  }

  get #startedSubnet(): Cidr {
    if (this.#subnet === null) throw new EngineError('Networks are not started: call start()')
    return this.#subnet
  }
}
