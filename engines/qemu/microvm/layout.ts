/** What the network of a microVM is called, and its address; all follows from the number of its slot. */
import { toText } from '../../ipv4.ts'
import {
  FIRST_MICROVM_NETWORK,
  hostAddress,
  linkPrefix,
  MICROVM_NETWORKS,
  netnsPrefix,
} from '../network/addresses/layout.ts'
import type { Cidr } from '../network/addresses/subnets.ts'

export const TAP = 'tap0'
export const UPLINK = 'up0'

/** So many machines and waiting ones fit at once. */
export const SLOTS = MICROVM_NETWORKS * 256 - 2

export type SlotLayout = {
  readonly number: number
  readonly netns: string
  /** The host's end of the veth pair. */
  readonly hostLink: string
  /** Where the host reaches the machine. */
  readonly address: string
  readonly host: string
}

export function slotLayout(mark: string, installation: Cidr, number: number): SlotLayout {
  return {
    number,
    netns: `${netnsPrefix(mark)}m${number}`,
    // At most 15 characters: g, a mark of up to 8, -, m, and up to 4 digits.
    hostLink: `${linkPrefix(mark)}m${number}`,
    address: toText(installation.first + FIRST_MICROVM_NETWORK * 256 + 1 + number),
    host: hostAddress(installation),
  }
}

/** Number of a slot by the name of its namespace or link; `null`: it is none of ours. */
export function numberIn(name: string, mark: string): number | null {
  for (const prefix of [`${netnsPrefix(mark)}m`, `${linkPrefix(mark)}m`])
    if (name.startsWith(prefix) && /^\d{1,4}$/.test(name.slice(prefix.length)))
      return Number(name.slice(prefix.length))
  return null
}
