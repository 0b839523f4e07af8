/** What an address of a request stands for: a share, a port of a machine, or a port of a session's machine. */
import type { IncomingMessage } from 'node:http'
import type { Database } from '../../database/database.ts'
import { isUuid } from '../../ids.ts'
import type { ShareAddresses } from './addresses.ts'
import * as store from './store.ts'

export type Place = {
  readonly kind: 'share' | 'port' | 'session'
  /** As it was found by. */
  readonly name: string
  readonly machine: { id: string; account_id: string; region: string; status: string }
  readonly port: number
  readonly isPublic: boolean
  /** What stands before the path below the API; null: it has a host of its own. */
  readonly prefix: string | null
  /** What the guest is asked for. */
  readonly path: string
}

const below = /^((?:\/v1)?\/v1\/app\/([^/?]{1,64})\/(\d{1,5}))(\/[^?]*)?(\?.*)?$/
const isBelow = (url: string) => /^(\/v1)?\/v1\/app\//.test(url)

type Found = Omit<Place, 'path' | 'prefix'>

export function createFinding({ db, addresses }: { db: Database; addresses: ShareAddresses }) {
  async function share(name: string): Promise<Found | null> {
    const found = await store.findByName(db, name)
    if (found === undefined) return null
    const { vm_id, account_id, region, vm_status, port, is_public } = found
    const machine = { id: vm_id, account_id, region, status: vm_status }
    return { kind: 'share', name, machine, port, isPublic: is_public }
  }

  async function portOf(name: string, vm: string, port: number): Promise<Found | null> {
    const machine = await store.findMachine(db, vm)
    return machine === undefined ? null : { kind: 'port', name, machine, port, isPublic: false }
  }

  async function session(name: string, id: string, port: number): Promise<Found | null> {
    if (!isUuid(id) || port < 1 || port > 65_535) return null
    const machine = await store.findMachineOfSession(db, id)
    return machine === undefined ? null : { kind: 'session', name, machine, port, isPublic: false }
  }

  async function byHost(host: string | undefined): Promise<Found | null> {
    const label = addresses.labelOf(host)
    if (label == null) return null
    return label.kind === 'share'
      ? share(label.name)
      : portOf(`${label.vm}-${label.port}`, label.vm, label.port)
  }

  return {
    takes: ({ headers, url = '' }: Pick<IncomingMessage, 'headers' | 'url'>) =>
      addresses.labelOf(headers.host) !== null || isBelow(url),

    async find({ headers, url = '' }: IncomingMessage): Promise<Place | null> {
      // A whole address names a host of its own, which may be another one.
      if (!url.startsWith('/')) return null
      if (addresses.labelOf(headers.host) !== null) {
        const found = await byHost(headers.host)
        return found && { ...found, prefix: null, path: url }
      }
      const [, prefix = '', id = '', port, path = '/', query = ''] = below.exec(url) ?? []
      if (port === undefined) return null
      const found = await session(`${id} ${port}`, id, Number(port))
      return found && { ...found, prefix, path: `${path}${query}` }
    },

    /** As it is by now; null: it is not there any more. */
    async again({ kind, name, machine, port }: Place): Promise<Found | null> {
      if (kind === 'share') return share(name)
      const [id = ''] = name.split(kind === 'port' ? '-' : ' ')
      const found = await (kind === 'port' ? portOf(name, id, port) : session(name, id, port))
      return found?.machine.id === machine.id ? found : null
    },
  }
}
