/** Names where ids are: what people call a thing leads to its id, in every command and at every tab. */
import { vmName } from '@garrison/contract/microvms/facts'
import type { Share } from '@garrison/contract/microvms/shares'
import type { SnapshotInfo } from '@garrison/contract/microvms/snapshots'
import type { Vm } from '@garrison/contract/microvms/vms'
import type { MicrovmVolume } from '@garrison/contract/microvms/volumes'
import type { Garrison } from '@garrison/sdk'
import { Failure } from '../failure.ts'
import type { Cloud } from './cloud.ts'

type Found = { readonly id: string; readonly name: string }
type Thing = {
  readonly plural: string
  /** What can only be an id. */
  readonly id: RegExp
  /** Those whose name has this text in it, or more. */
  readonly search: (garrison: Garrison, text: string) => AsyncIterable<Found>
}

/** Of any list: the fields that hold id and name. */
async function* named<Row>(rows: AsyncIterable<Row>, found: (row: Row) => Found) {
  for await (const row of rows) yield found(row)
}

/** Of the API of microVMs, whose lists have no pages. */
const listed = async <Row>({ request }: Garrison, path: string) =>
  (await (await request('GET', path)).json()) as Row[]

const idAndName = ({ id, name }: Found) => ({ id, name })
const brk = (letter: string) => new RegExp(`^BRK-\\d{6,9}${letter}$`, 'i')

export const things = {
  instance: {
    plural: 'instances',
    id: brk('D'),
    search: ({ instances }, search) =>
      named(instances.list({ search, page_size: 100 }), (row) => ({
        id: row.instance_id,
        name: row.vm_name,
      })),
  },
  snapshot: {
    plural: 'snapshots',
    id: brk('S'),
    search: ({ snapshots }, search) => named(snapshots.list({ search, pageSize: 100 }), idAndName),
  },
  image: {
    plural: 'images',
    id: /^\d{5,9}$/,
    search: ({ images }, search) => named(images.list({ search, page_size: 100 }), idAndName),
  },
  volume: {
    plural: 'volumes',
    id: brk('V'),
    search: ({ volumes }, search) => named(volumes.list({ search, page_size: 100 }), idAndName),
  },
  firewall: {
    plural: 'firewalls',
    id: brk('F'),
    search: ({ firewalls }, search) => named(firewalls.list({ search, page_size: 100 }), idAndName),
  },
  'ssh-key': {
    plural: 'SSH keys',
    id: brk('K'),
    search: ({ sshKeys }, search) => named(sshKeys.list({ search, page_size: 100 }), idAndName),
  },
  script: {
    plural: 'scripts',
    id: brk('C'),
    search: ({ scripts }, search) => named(scripts.list({ search, page_size: 100 }), idAndName),
  },
  policy: {
    plural: 'policies',
    id: brk('P'),
    search: ({ policies }, search) => named(policies.list({ search, page_size: 100 }), idAndName),
  },
  'api-key': {
    plural: 'API keys',
    id: /^[0-9a-f]{8}-[0-9a-f-]{27}$/i,
    async *search({ apiKeys }) {
      const { api_keys } = await apiKeys.list()
      yield* api_keys.map(idAndName)
    },
  },
  person: {
    plural: 'people',
    id: /^[0-9a-f]{8}-[0-9a-f-]{27}$/i,
    async *search({ people }) {
      for (const { id, name, email } of (await people.list()).people) {
        // By either; the list has few enough to be read at once.
        if (email !== null) yield { id, name: email }
        if (name !== '' && name !== email) yield { id, name }
      }
    },
  },
  vm: {
    plural: 'microVMs',
    id: /^vm_[a-z0-9]+$/,
    async *search(garrison) {
      const all = await listed<Vm>(garrison, '/v1/vms')
      yield* all.map((vm) => ({ id: vm.vm_id, name: vmName(vm) }))
    },
  },
  'vm-snapshot': {
    plural: 'snapshots of microVMs',
    id: /^snap_[a-z0-9]+$/,
    async *search(garrison) {
      const all = await listed<SnapshotInfo>(garrison, '/v1/snapshots')
      yield* all.map(({ id, name }) => ({ id, name: name ?? id }))
    },
  },
  'vm-volume': {
    plural: 'volumes of microVMs',
    id: /^vol_[a-z0-9]+$/,
    async *search(garrison) {
      yield* (await listed<MicrovmVolume>(garrison, '/v1/volumes')).map(idAndName)
    },
  },
  'vm-share': {
    plural: 'shares',
    id: /^share_[a-z0-9]+$/,
    async *search(garrison) {
      const all = await listed<Share>(garrison, '/v1/shares')
      yield* all.map(({ share_id: id, name }) => ({ id, name }))
    },
  },
} as const satisfies Record<string, Thing>

export type Kind = keyof typeof things

/**
 * The id of what is called so; what is an id already is taken as it is.
 * @throws Failure when nothing is called so, or several are.
 */
export async function idOf({ garrison }: Cloud, kind: Kind, text: string): Promise<string> {
  const { id, plural, search }: Thing = things[kind]
  if (id.test(text)) return text
  const found = (await Array.fromAsync(search(garrison, text))).filter(
    ({ name }) => name.toLowerCase() === text.toLowerCase(),
  )
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only.id
  if (only === undefined) {
    throw new Failure(`There is no ${words(kind)} "${text}"`, {
      advice: [`See those there are: ./garrison ${kind} list`],
    })
  }
  throw new Failure(`There are ${found.length} ${plural} called "${text}"; name one by its id`, {
    advice: found.map((each) => `${each.id}  ${each.name}`),
    exitCode: 2,
  })
}

export const idsOf = (cloud: Cloud, kind: Kind, texts: readonly string[] = []) =>
  Promise.all(texts.map((text) => idOf(cloud, kind, text)))

const spoken: Partial<Record<Kind, string>> = { 'ssh-key': 'SSH key', 'api-key': 'API key' }
const words = (kind: Kind) => spoken[kind] ?? kind
