/**
 * Which public addresses neighbours were told to find at this host. The kernel's entries do not say whose
 * they are, and pools change, so only by this is it known what to take back.
 */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { readIfThere, writeDurably } from '../records/durable-files.ts'

const Addresses = z.array(z.ipv4())

export class Answered {
  readonly #file: string
  #addresses: ReadonlySet<string> | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** Durable before they are answered for. Answers all that may be. */
  async add(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#write(new Set([...(await this.#read()), ...addresses]))
  }

  /** The others are answered for no more. */
  async keepOnly(addresses: readonly string[]): Promise<void> {
    await this.#write(new Set(addresses))
  }

  async #read(): Promise<ReadonlySet<string>> {
    this.#addresses ??= new Set(
      Addresses.parse(JSON.parse((await readIfThere(this.#file)) ?? '[]')),
    )
    return this.#addresses
  }

  async #write(addresses: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    if (!isDeepStrictEqual(addresses, await this.#read())) {
      await writeDurably(this.#file, JSON.stringify([...addresses]))
      this.#addresses = addresses
    }
    return addresses
  }
}
