/** Where microVMs run: the region whose engine has them, what they cost there, and their ids. */
import { randomInt } from 'node:crypto'
import type { Currency } from '@garrison/contract/common'
import type { MicrovmEngine } from '@garrison/engines/engine'
import type { Regions } from '../catalog/regions.ts'
import type { Config } from '../config.ts'
import { NotServed } from '../errors.ts'
import { fromDecimal } from '../money.ts'

/** Letters that are not mistaken for others. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz'
const idLength = 16

/** Random, and so many that nobody meets another: `vm_2k7m4q9x1c5t8w3z`. */
export const newId = (prefix: 'vm' | 'snap' | 'task' | 'share' | 'pty' | 'vol' | 'ckpt') =>
  `${prefix}_${Array.from({ length: idLength }, () => letters[randomInt(letters.length)]).join('')}`

const secondsPerHour = 3600
export const mibPerGb = 1024

export function createHosting({ config, regions }: { config: Config; regions: Regions }) {
  const has = (region: string) => regions.engine(region).microvms !== undefined

  /** Of a machine or snapshot that is there. Throws {@link NotServed}. */
  function engine(region: string): MicrovmEngine {
    const { microvms } = regions.engine(region)
    if (microvms === undefined) throw new NotServed(`${region} has no microVMs`)
    return microvms
  }

  return {
    engine,

    /** For what is new. Throws {@link NotServed} where there is none. */
    region(): string {
      const wanted = config.microvms.region
      const found = regions
        .names()
        .find((name) => (wanted === null || name === wanted) && has(name))
      if (found !== undefined) return found
      throw new NotServed(
        'No region of this server has microVMs; its operator finds out more in its log',
      )
    },

    isThere: () => regions.names().some(has),
    tier: (region: string) =>
      config.regions.find(({ name }) => name === region)?.tier ?? ('legacy' as const),
    isSimulated: (region: string) => engine(region).capabilities().simulated,

    /** Micro-units per hour: of a vCPU, of a GB (1024 MiB) of memory, and of such a machine. */
    rates(currency: Currency, { vcpus, memoryMib }: { vcpus: number; memoryMib: number }) {
      const { microvm_vcpu_second, microvm_gb_second } = config.prices
      const vcpu = fromDecimal(microvm_vcpu_second[currency] * secondsPerHour)
      const gb = fromDecimal(microvm_gb_second[currency] * secondsPerHour)
      const hourly = Math.round(vcpu * vcpus + (gb * memoryMib) / mibPerGb)
      return { vcpu_rate_micros: vcpu, gb_rate_micros: gb, hourly_rate_micros: hourly }
    },
  }
}

export type Hosting = ReturnType<typeof createHosting>
