/**
 * Which /16 is the installation's. Chosen once, at its first start, and kept.
 *
 * Several installations may live on one host, and may start at the same moment. So the choice is made
 * under a lock of the host, and each leaves a claim where the others look: one that is not running, or
 * has not run since the host was rebooted, has nothing in the kernel that could be seen.
 */
import { spawn } from 'node:child_process'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { AddressRange } from '../../../address-pools.ts'
import { EngineError } from '../../../engine.ts'
import { toNumber } from '../../../ipv4.ts'
import { readIfThere, removeDurably, writeDurably } from '../../records/durable-files.ts'
import { readResolvers } from '../resolvers.ts'
import { run } from '../run.ts'
import { linkPrefix } from './layout.ts'
import { type Cidr, chooseSubnet, formatCidr, overlap, parseCidr } from './subnets.ts'

const CLAIMS = '/var/lib/garrison-subnets'
const LOCK = '/run/garrison-subnets.lock'
const CHOICE = 'installation.json'

const Choice = z.object({ subnet: z.string() })
const Claim = z.object({ subnet: z.string(), records: z.string() })

/**
 * The installation's subnet; chosen, claimed and recorded in `records` when there is none yet, apart from
 * the `pools` of public addresses.
 * `rival`: what else on the host uses it by now, in words.
 */
export async function ensureSubnet(
  mark: string,
  records: string,
  pools: readonly AddressRange[] = [],
): Promise<{ subnet: Cidr; rival: string | null }> {
  await mkdir(records, { recursive: true, mode: 0o711 })
  await mkdir(CLAIMS, { recursive: true, mode: 0o755 })
  return withHostLock(async () => {
    const taken = await takenNetworks(mark)
    const recorded = await readChoice(records)
    if (recorded !== null) {
      await writeClaim(mark, recorded, records)
      const rival = taken.find(({ network }) => overlap(network, recorded))
      return { subnet: recorded, rival: rival?.by ?? null }
    }
    const networks = [...taken.map(({ network }) => network), ...blocksOf(pools)]
    const subnet = chooseSubnet(mark, networks)
    if (subnet === null) throw noneFree(taken.map(({ by }) => by))
    await writeClaim(mark, subnet, records)
    await writeDurably(join(records, CHOICE), JSON.stringify({ subnet: formatCidr(subnet) }))
    return { subnet, rival: null }
  })
}

/** Every /16 in which there are public addresses. */
function blocksOf(pools: readonly AddressRange[]): Cidr[] {
  const size = 2 ** 16
  return pools.flatMap((pool) => {
    const [from, to] = [pool.first, pool.last].map((address) =>
      Math.floor(toNumber(address) / size),
    )
    return Array.from({ length: (to ?? 0) - (from ?? 0) + 1 }, (_, index) => ({
      first: ((from ?? 0) + index) * size,
      prefix: 16,
    }))
  })
}

/** Gives the subnet back. */
export async function releaseSubnet(mark: string, records: string): Promise<void> {
  await rm(join(records, CHOICE), { force: true })
  await mkdir(CLAIMS, { recursive: true, mode: 0o755 })
  await removeDurably(claimPath(mark))
}

type Taken = { readonly network: Cidr; readonly by: string }

async function takenNetworks(mark: string): Promise<Taken[]> {
  return [
    ...(await routes(mark)),
    ...(await interfaceAddresses(mark)),
    ...(await readResolvers()).map((resolver) => taken(resolver, `the name server ${resolver}`)),
    ...(await otherClaims(mark)),
  ].filter((entry) => entry !== null)
}

/** A route to half of the internet or more is the way out, not a network of somebody's. */
const WIDEST_NETWORK = 8

async function routes(mark: string): Promise<(Taken | null)[]> {
  const Route = z.object({ dst: z.string(), dev: z.string().optional() })
  const text = await run('ip', ['-4', '-json', 'route', 'show', 'table', 'all'])
  return z
    .array(Route)
    .parse(JSON.parse(text))
    .filter(({ dev }) => !dev?.startsWith(linkPrefix(mark)))
    .map(({ dst, dev }) => taken(dst, `the route ${dst}${dev === undefined ? '' : ` by ${dev}`}`))
    .filter((route) => route !== null && route.network.prefix >= WIDEST_NETWORK)
}

async function interfaceAddresses(mark: string): Promise<(Taken | null)[]> {
  // Older versions of `ip` print an empty object for a link without addresses of the family.
  const Link = z.object({
    ifname: z.string().default(''),
    addr_info: z.array(z.object({ local: z.string(), prefixlen: z.number() })).default([]),
  })
  const text = await run('ip', ['-4', '-json', 'address', 'show'])
  return z
    .array(Link)
    .parse(JSON.parse(text))
    .filter(({ ifname }) => !ifname.startsWith(linkPrefix(mark)))
    .flatMap(({ ifname, addr_info }) =>
      addr_info
        .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
        .map((cidr) => taken(cidr, `the address ${cidr} of ${ifname}`)),
    )
}

/** Claims of installations whose records are gone are swept, or their subnets would be lost for ever. */
async function otherClaims(mark: string): Promise<(Taken | null)[]> {
  const found: (Taken | null)[] = []
  for (const file of await readdir(CLAIMS)) {
    if (!file.endsWith('.json') || file === `${mark}.json`) continue
    const path = join(CLAIMS, file)
    const claim = Claim.safeParse(parseJson(await readIfThere(path)))
    const choice = claim.success ? await readChoice(claim.data.records) : null
    if (claim.success && choice !== null && formatCidr(choice) === claim.data.subnet)
      found.push(taken(claim.data.subnet, `the installation in ${claim.data.records}`))
    else await rm(path, { force: true })
  }
  return found
}

function taken(cidr: string, by: string): Taken | null {
  const network = parseCidr(cidr)
  return network === null ? null : { network, by }
}

async function readChoice(records: string): Promise<Cidr | null> {
  const path = join(records, CHOICE)
  const text = await readIfThere(path)
  if (text === null) return null
  const choice = Choice.safeParse(parseJson(text))
  const subnet = choice.success ? parseCidr(choice.data.subnet) : null
  if (subnet === null)
    throw new EngineError(`The record ${path} cannot be read; restore it from a backup`)
  return subnet
}

async function writeClaim(mark: string, subnet: Cidr, records: string): Promise<void> {
  const claim = JSON.stringify({ subnet: formatCidr(subnet), records })
  if ((await readIfThere(claimPath(mark))) === claim) return
  await writeDurably(claimPath(mark), claim, 0o644)
}

function claimPath(mark: string): string {
  return join(CLAIMS, `${mark}.json`)
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}

function noneFree(takenBy: readonly string[]): EngineError {
  return new EngineError(
    'No /16 of 10.0.0.0/8 or 172.16.0.0/12 is free on this host for networks of machines. ' +
      `In the way: ${takenBy.slice(0, 10).join(', ')}. Narrow one of the routes and start again`,
  )
}

/** The lock is `flock`'s, in a process that ends with its input: killing us lets go of it. */
async function withHostLock<T>(work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', [LOCK, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const held = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const refuse = (cause: unknown) => {
    held.reject(new EngineError(`The lock ${LOCK} cannot be taken`, { cause }))
    gone.resolve()
  }
  holder.stdout.once('data', () => held.resolve())
  holder.on('error', refuse)
  holder.on('close', refuse)
  try {
    await held.promise
    return await work()
  } finally {
    holder.stdin.end()
    await gone.promise
  }
}
