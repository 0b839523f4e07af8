/** Pools of public addresses as the operator writes them, made into ranges without what is excluded. */
import { z } from 'zod'

/** Inclusive; IPv4. */
export type AddressRange = { readonly first: string; readonly last: string }

/** Numbers of the first and the last address. */
type Span = { readonly first: number; readonly last: number }

/** One of the two, and what of it is not for machines. */
type Pool = {
  readonly cidr?: string | undefined
  readonly range?: string | undefined
  readonly exclude: readonly string[]
}
export type AddressPools = readonly Pool[]

/** More would only be a slip: a /16. */
const mostAddresses = 65_536

const block = z
  .string()
  .refine((text) => cidrSpan(text) !== null, 'a network such as 203.0.113.16/28')
const stretch = z
  .string()
  .refine((text) => rangeSpan(text) !== null, 'a range such as 203.0.113.20-203.0.113.30')
const excluded = z
  .string()
  .refine(
    (text) => spanOf(text) !== null,
    'an address, a network or a range, such as 203.0.113.17, 203.0.113.16/30 or 203.0.113.20-203.0.113.22',
  )

const pool = z
  .strictObject({
    /** Every address of it. */
    cidr: block.optional(),
    /** Both ends included. */
    range: stretch.optional(),
    exclude: z.array(excluded).default([]),
  })
  .refine(({ cidr, range }) => (cidr === undefined) !== (range === undefined), {
    error: 'either cidr or range',
  })
  .refine((each) => sizeOf(spanOfPool(each)) <= mostAddresses, {
    error: `at most ${mostAddresses} addresses`,
  })
  .refine((each) => spansOf(each).length > 0, { error: 'a pool that is not excluded altogether' })

export const addressPools = z.array(pool).superRefine((pools, context) => {
  const spans = pools.map(spanOfPool)
  spans.forEach((span, index) => {
    const other = spans.findIndex((each, earlier) => earlier < index && overlap(each, span))
    if (other < 0) return
    const message = `addresses that are not in address_pools.${other} too`
    context.addIssue({ code: 'custom', message, path: [index] })
  })
})

/** What machines may have: ranges that do not touch what is excluded. */
export function rangesOf(pools: AddressPools): AddressRange[] {
  return pools
    .flatMap(spansOf)
    .map(({ first, last }) => ({ first: toText(first), last: toText(last) }))
}

function spanOfPool({ cidr, range }: Pick<Pool, 'cidr' | 'range'>): Span {
  const span = cidr === undefined ? rangeSpan(range ?? '') : cidrSpan(cidr)
  return span ?? { first: 0, last: -1 }
}

function spansOf(pool: Pool): Span[] {
  return pool.exclude.reduce((left, text) => left.flatMap((span) => without(span, spanOf(text))), [
    spanOfPool(pool),
  ] as Span[])
}

function without(span: Span, taken: Span | null): Span[] {
  if (taken === null || !overlap(span, taken)) return [span]
  return [
    { first: span.first, last: taken.first - 1 },
    { first: taken.last + 1, last: span.last },
  ].filter(({ first, last }) => first <= last)
}

const overlap = (one: Span, other: Span) => one.first <= other.last && other.first <= one.last

const sizeOf = ({ first, last }: Span) => last - first + 1

const spanOf = (text: string): Span | null =>
  rangeSpan(text) ?? cidrSpan(text.includes('/') ? text : `${text}/32`)

function cidrSpan(text: string): Span | null {
  const [address = '', prefix = '', ...rest] = text.split('/')
  const value = toNumber(address)
  if (value === null || !/^\d{1,2}$/.test(prefix) || Number(prefix) > 32 || rest.length > 0)
    return null
  const size = 2 ** (32 - Number(prefix))
  const first = Math.floor(value / size) * size
  // Which of the two was meant, nobody can tell.
  return first === value ? { first, last: first + size - 1 } : null
}

function rangeSpan(text: string): Span | null {
  const [from = '', to = '', ...rest] = text.split('-').map((part) => part.trim())
  const [first, last] = [toNumber(from), toNumber(to)]
  if (first === null || last === null || first > last || rest.length > 0) return null
  return { first, last }
}

function toNumber(address: string): number | null {
  if (!z.ipv4().safeParse(address).success) return null
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0)
}

const toText = (value: number) =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
