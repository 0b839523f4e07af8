/** A machine's place in a network, with a namespace for a guest; and what it says to whoever connects. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Address, FirewallRule } from '../../../engine.ts'
import type { Networks } from '../networks.ts'
import { StandIn } from './stand-in.ts'

const FIRST_UID = 1_900_000_000

export type PluggedIn = {
  readonly id: string
  readonly tenant: string
  readonly address: Address
  readonly guest: StandIn
  readonly netns: string
}

let plugged = 0

export async function plugIn(networks: Networks, mark: string, tenant: string): Promise<PluggedIn> {
  const id = randomUUID()
  const uid = FIRST_UID + plugged++
  const address = await networks.ensureAddress(id, tenant)
  const { netns, tap } = await networks.ensureTap(id, uid)
  const guest = await StandIn.plug(`guest-${mark}-${plugged}`, { netns, tap }, uid, address.mac)
  await guest.configure(address)
  return { id, tenant, address, guest, netns }
}

export function ingress(port: number, cidr = '0.0.0.0/0'): FirewallRule {
  const ports = { portMin: port, portMax: port }
  return { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', cidr, ...ports }
}

/** From this host. Fails when nobody answers within `limitMs`. */
export async function greetingOf(ip: string, port: number, limitMs = 2_000): Promise<string> {
  const socket = connect(port, ip)
  try {
    const [greeting] = await once(socket, 'data', { signal: AbortSignal.timeout(limitMs) })
    return String(greeting).trim()
  } finally {
    socket.destroy()
  }
}

/** A connection from this host that stays open. */
export async function connected(ip: string, port: number) {
  const socket: Socket = connect(port, ip)
  await once(socket, 'data')
  return {
    socket,
    async echo(text: string): Promise<string> {
      socket.write(text)
      const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(2_000) })
      return String(answer)
    },
    async [Symbol.asyncDispose]() {
      socket.destroy()
    },
  }
}

/** A listing of rules without what depends on traffic, or on which table was made first. */
export function settled(ruleset: string): string {
  return ruleset
    .replaceAll(/\s*elements = \{[^}]*ct count[^}]*\}/g, '')
    .split(/^(?=table )/m)
    .sort()
    .join('')
}
