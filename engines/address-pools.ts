/** Where public addresses come from: ranges that do not overlap, each address to be used by one machine. */
import { toNumber, toText } from './ipv4.ts'

/** Inclusive, and `first` is not behind `last`. */
export type AddressRange = { readonly first: string; readonly last: string }

/** How many addresses there are in all. */
export function sizeOf(pools: readonly AddressRange[]): number {
  return pools.reduce((sum, pool) => sum + countOf(pool), 0)
}

export function isInPools(pools: readonly AddressRange[], address: string): boolean {
  return positionOf(pools, address) !== null
}

/**
 * The addresses that are not taken, beginning behind `last` and going round, so that each rests for as
 * long as possible before somebody else has it.
 *
 * @param last The one that was given out most recently; `null`: none yet.
 */
export function* freeAddresses(
  pools: readonly AddressRange[],
  taken: ReadonlySet<string>,
  last: string | null,
): Generator<string> {
  const size = sizeOf(pools)
  const start = last === null ? -1 : (positionOf(pools, last) ?? -1)
  for (let step = 1; step <= size; step++) {
    const address = addressAt(pools, (start + step) % size)
    if (!taken.has(address)) yield address
  }
}

function countOf({ first, last }: AddressRange): number {
  return toNumber(last) - toNumber(first) + 1
}

/** The pools in a row, counted from 0; `null`: in none of them. */
function positionOf(pools: readonly AddressRange[], address: string): number | null {
  let before = 0
  for (const pool of pools) {
    const offset = toNumber(address) - toNumber(pool.first)
    if (offset >= 0 && offset < countOf(pool)) return before + offset
    before += countOf(pool)
  }
  return null
}

function addressAt(pools: readonly AddressRange[], position: number): string {
  let rest = position
  for (const pool of pools) {
    if (rest < countOf(pool)) return toText(toNumber(pool.first) + rest)
    rest -= countOf(pool)
  }
  throw new RangeError(`There are fewer than ${position} addresses`)
}
