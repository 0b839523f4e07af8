/**
 * Public addresses of the host's own LANs. Whoever looks for one there asks by ARP, and the host answers
 * for it on the link to that LAN. That is one entry in the kernel for each address; the host's own
 * addresses stay as they are, and nothing of it outlives a reboot.
 *
 * An address of no LAN of the host is taken to be routed to it by somebody else, who needs no answer.
 */
import { createSocket } from 'node:dgram'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { toNumber, toText } from '../../ipv4.ts'
import { linkPrefix } from './addresses/layout.ts'
import { parseCidr } from './addresses/subnets.ts'
import { run } from './run.ts'

export type Uplink = {
  readonly name: string
  /** The host's own. */
  readonly address: string
  readonly prefix: number
}

/** Two questions of the kernel, a second apart, and time for an answer. */
const ANSWER_MS = 1_500
const POLL_MS = 25
/** Of `discard`: what arrives there is of no use to anybody, and only the question before it matters. */
const PORT = 9

// Older versions of `ip` print an empty object for a link without addresses of the family.
const Links = z.array(
  z.object({
    ifname: z.string().default(''),
    addr_info: z.array(z.object({ local: z.string(), prefixlen: z.number() })).default([]),
  }),
)

/** Every address of the host, without those on links of the installation. */
export async function readUplinks(mark: string): Promise<Uplink[]> {
  const links = Links.parse(JSON.parse(await run('ip', ['-4', '-json', 'address', 'show'])))
  return links
    .filter(({ ifname }) => !ifname.startsWith(linkPrefix(mark)))
    .flatMap(({ ifname, addr_info }) =>
      addr_info.map(({ local, prefixlen }) => ({
        name: ifname,
        address: local,
        prefix: prefixlen,
      })),
    )
}

/** The link at which neighbours ask for this address; `undefined`: none. */
export function uplinkOf(uplinks: readonly Uplink[], ip: string): Uplink | undefined {
  return uplinks.find((uplink) => {
    const { first, size } = lanOf(uplink)
    const offset = toNumber(ip) - first
    return uplink.name !== 'lo' && offset >= 0 && offset < size
  })
}

/** Who has the address already, in words; `null`: nobody does. */
export async function userOf(uplinks: readonly Uplink[], ip: string): Promise<string | null> {
  const own = uplinks.find(({ address }) => address === ip)
  if (own !== undefined) return `this host has it itself, on ${own.name}`
  const uplink = uplinkOf(uplinks, ip)
  if (uplink === undefined) return null
  const { first, size } = lanOf(uplink)
  if (size > 2 && [toText(first), toText(first + size - 1)].includes(ip))
    return `it is the network or broadcast address of ${uplink.name}`
  return (await isAnswered(ip, uplink)) ? `somebody on ${uplink.name} answers for it` : null
}

/** Neighbours find exactly these addresses at the host; others of the pools are not touched elsewhere. */
export async function ensureAnswered(
  mark: string,
  addresses: readonly string[],
  isOurs: (ip: string) => boolean,
): Promise<void> {
  const wanted =
    addresses.length === 0
      ? []
      : await readUplinks(mark).then((uplinks) =>
          addresses.flatMap((ip) => {
            const name = uplinkOf(uplinks, ip)?.name
            return name === undefined ? [] : [entryOf(ip, name)]
          }),
        )
  const there = (await answered()).filter(({ dst }) => isOurs(dst))
  const entries = there.map(({ dst, dev }) => entryOf(dst, dev))
  const commands = [
    ...entries.filter((entry) => !wanted.includes(entry)).map((entry) => `delete ${entry}`),
    ...wanted.filter((entry) => !entries.includes(entry)).map((entry) => `add ${entry}`),
  ].map((command) => `neighbour ${command}`)
  if (commands.length > 0) await run('ip', ['-batch', '-'], commands.join('\n'))
}

function entryOf(ip: string, link: string): string {
  return `proxy ${ip} dev ${link}`
}

async function answered() {
  const Entries = z.array(z.object({ dst: z.string(), dev: z.string() }))
  const text = await run('ip', ['-4', '-json', 'neighbour', 'show', 'proxy'])
  return Entries.parse(JSON.parse(text === '' ? '[]' : text))
}

/**
 * Has the kernel ask, as for any packet, and looks what it learned. Has to be asked before there is a
 * route of ours for the address.
 */
async function isAnswered(ip: string, { name }: Uplink): Promise<boolean> {
  const place = ['to', ip, 'dev', name]
  // What it learned some time ago proves nothing.
  await run('ip', ['neighbour', 'flush', ...place])
  await sendTo(ip)
  const deadline = Date.now() + ANSWER_MS
  do {
    await pause(POLL_MS)
    const text = await run('ip', ['-4', 'neighbour', 'show', ...place])
    if (text.includes('lladdr')) return true
    if (text.includes('FAILED')) return false
  } while (Date.now() < deadline)
  return false
}

async function sendTo(ip: string): Promise<void> {
  const socket = createSocket('udp4')
  const sent = Promise.withResolvers<void>()
  // A host that may not send there has asked nobody, and hears no answer.
  socket.on('error', () => sent.resolve())
  socket.send('', PORT, ip, () => sent.resolve())
  await sent.promise
  socket.close()
}

function lanOf({ address, prefix }: Uplink): { first: number; size: number } {
  const lan = parseCidr(`${address}/${prefix}`)
  return { first: lan?.first ?? 0, size: 2 ** (32 - prefix) }
}
