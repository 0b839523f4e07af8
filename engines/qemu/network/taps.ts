/** Taps of a network's machines: what has to be done, given what is there. */
import { z } from 'zod'
import { BRIDGE, tapOf } from './addresses/layout.ts'
import type { Port as Filtered } from './rules/tenant.ts'

/** A machine's place at the bridge; only its QEMU's user may open the tap. */
export type Port = Filtered & { readonly uid: number }

/** As much of `ip -json -details link show` as matters. */
const Link = z.object({
  ifname: z.string(),
  flags: z.array(z.string()),
  master: z.string().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_data: z.object({ user: z.union([z.number(), z.string()]).optional() }).optional(),
      info_slave_data: z.object({ isolated: z.boolean().optional() }).optional(),
    })
    .optional(),
})
export type Link = z.infer<typeof Link>
export const Links = z.array(Link)

/** Commands of `ip` after which exactly these ports are at the bridge; none when they are already. */
export function portCommands(links: readonly Link[], ports: readonly Port[]): string[] {
  const wanted = new Set(ports.map(({ machine }) => tapOf(machine)))
  const stray = links
    .map(({ ifname }) => ifname)
    .filter((name) => /^tap\d+$/.test(name) && !wanted.has(name))
  return [
    ...stray.map((name) => `link delete ${name}`),
    ...ports.flatMap((port) => tapCommands(links, port)),
  ]
}

function tapCommands(links: readonly Link[], { machine, uid }: Port): string[] {
  const tap = tapOf(machine)
  const link = links.find(({ ifname }) => ifname === tap)
  const isIts =
    link?.linkinfo?.info_kind === 'tun' && link.linkinfo.info_data?.user?.toString() === String(uid)
  const isJoined =
    link?.master === BRIDGE && link.linkinfo?.info_slave_data?.isolated && link.flags.includes('UP')
  if (isIts && isJoined) return []
  return [
    ...(link !== undefined && !isIts ? [`link delete ${tap}`] : []),
    ...(isIts ? [] : [`tuntap add dev ${tap} mode tap user ${uid}`]),
    `link set ${tap} master ${BRIDGE}`,
    `link set ${tap} type bridge_slave isolated on`,
    `link set ${tap} up`,
  ]
}
