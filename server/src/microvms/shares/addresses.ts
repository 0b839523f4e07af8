/** Names and addresses of shares: `http://quiet-amber-otter.share.localhost:8600`. */
import { randomInt } from 'node:crypto'
import { adjectives, animals } from 'unique-names-generator'
import type { Config } from '../../config.ts'

/** Of a list that others made: not what anybody would want in an address. */
const unwanted = new Set(['gay', 'naked', 'sexual'])
const kinds = adjectives.filter((word) => !unwanted.has(word))

const some = (words: readonly string[]) => words[randomInt(words.length)] ?? ''

/** One of 500 million. */
export const newName = () => [some(kinds), some(kinds), some(animals)].join('-')

/** What a host name stands for. */
export type Label =
  | { readonly kind: 'share'; readonly name: string }
  /** A port of a machine, for its account alone. */
  | { readonly kind: 'port'; readonly vm: string; readonly port: number }

export function createAddresses({ server, microvms }: Pick<Config, 'server' | 'microvms'>) {
  const { domain } = microvms.shares
  const { public_url } = server
  const base = public_url === null ? `http://127.0.0.1:${server.port}` : public_url
  const { protocol, port } = new URL(base)
  const suffix = port === '' ? '' : `:${port}`
  const urlOf = (label: string) => `${protocol}//${label}.${domain}${suffix}`

  return {
    hostOf: (name: string) => `${name}.${domain}`,
    urlOf,
    portUrl: (vm: string, at: number) => urlOf(`${vm.replace('_', '-')}-${at}`),
    appUrl: (session: string, at: number) => `${base.replace(/\/$/, '')}/v1/app/${session}/${at}/`,

    /** `null`: not ours; `undefined`: ours, and nobody's. */
    labelOf(host: string | undefined): Label | null | undefined {
      // With a dot at its end it is the same name, in full.
      const name = host?.toLowerCase().replace(/\.?(:\d+)?$/, '') ?? ''
      if (!name.endsWith(`.${domain}`)) return null
      const label = name.slice(0, -domain.length - 1)
      const [, vm, at = ''] = /^vm-([0-9a-z]{16})-(\d{1,5})$/.exec(label) ?? []
      if (vm !== undefined) {
        const isPort = Number(at) >= 1 && Number(at) <= 65_535
        return isPort ? { kind: 'port', vm: `vm_${vm}`, port: Number(at) } : undefined
      }
      return /^[a-z]{1,20}(-[a-z]{1,20}){2}$/.test(label)
        ? { kind: 'share', name: label }
        : undefined
    },
  }
}

export type ShareAddresses = ReturnType<typeof createAddresses>
