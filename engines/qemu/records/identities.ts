/**
 * Users and groups of the host that nobody else has: a user for each machine's QEMU, a group for each
 * tenant's disk layers. A QEMU that a guest has broken out of can then read its own tenant's layers and
 * write to one file.
 *
 * They are plain numbers without names, from a block that the installation's mark chooses. The records
 * say which are taken; a number that is handed out but not yet in a record is remembered here, and if
 * this process dies before that, no file has it either.
 */
import { createHash } from 'node:crypto'

/** Above what containers are given by convention (systemd's UIDS-GIDS), below 2^31. */
const FIRST = 0x7000_0000
const BLOCK = 0x1_0000
const BLOCKS = (0x8000_0000 - FIRST) / BLOCK - 1

export class Identities {
  readonly #first: number
  readonly #uids = new Map<string, number>()
  readonly #gids = new Map<string, number>()
  #lastUid: number
  #lastGid: number

  constructor(mark: string) {
    this.#first =
      FIRST + (createHash('sha256').update(mark).digest().readUInt32BE(0) % BLOCKS) * BLOCK
    this.#lastUid = this.#first
    this.#lastGid = this.#first
  }

  /** Takes note of what a record says. */
  remember(owner: { machine?: string; uid?: number; tenant: string; gid: number }): void {
    if (owner.machine !== undefined && owner.uid !== undefined) {
      this.#uids.set(owner.machine, owner.uid)
      this.#lastUid = Math.max(this.#lastUid, owner.uid)
    }
    this.#gids.set(owner.tenant, owner.gid)
    this.#lastGid = Math.max(this.#lastGid, owner.gid)
  }

  uidOf(machine: string): number {
    const known = this.#uids.get(machine)
    if (known !== undefined) return known
    this.#lastUid = this.#next(this.#lastUid, new Set(this.#uids.values()))
    this.#uids.set(machine, this.#lastUid)
    return this.#lastUid
  }

  gidOf(tenant: string): number {
    const known = this.#gids.get(tenant)
    if (known !== undefined) return known
    this.#lastGid = this.#next(this.#lastGid, new Set(this.#gids.values()))
    this.#gids.set(tenant, this.#lastGid)
    return this.#lastGid
  }

  /** Call when the machine's last file is gone. */
  releaseUid(machine: string): void {
    this.#uids.delete(machine)
  }

  /** The first of as many users as a guest has; for a block that is used as nothing else. */
  get first(): number {
    return this.#first
  }

  /** Whether a user of a process is one of ours. */
  isOurs(uid: number): boolean {
    return uid > this.#first && uid < this.#first + BLOCK
  }

  /** The one after the last, going round, so that a number rests for as long as possible. */
  #next(last: number, taken: ReadonlySet<number>): number {
    for (let step = 1; step < BLOCK; step++) {
      const candidate = this.#first + 1 + ((last - this.#first - 1 + step) % (BLOCK - 1))
      if (!taken.has(candidate)) return candidate
    }
    throw new RangeError(`All ${BLOCK - 1} users or groups of this installation are taken`)
  }
}

/** Of a block of numbers that none of the others has. */
export function ownIdentities(seed: string, others: readonly Identities[]): Identities {
  for (let attempt = 0; ; attempt++) {
    const own = new Identities(`${seed} ${attempt}`)
    if (others.every(({ first }) => first !== own.first)) return own
  }
}
