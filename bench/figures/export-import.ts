/**
 * A snapshot made a file, and a file made a snapshot, in seconds per gigabyte of what the guest has
 * written: half of it noise and half of it text, so that packing it is neither in vain nor for nothing.
 */
import { createReadStream } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { SnapshotExport } from '@garrison/contract/snapshot-exports/routes'
import type { SnapshotImport } from '@garrison/contract/snapshot-imports/routes'
import { type Api, until } from '../api.ts'
import { type Door, type KeyPair, ssh } from '../ssh.ts'
import { summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

const halfBytes = 128 * 1024 ** 2
const gigabytes = (2 * halfBytes) / 1e9

const fill = `
  head -c ${halfBytes} /dev/urandom > /root/noise
  yes 'a line of text, as logs have many' | head -c ${halfBytes} > /root/text
  sync
`

type Snapshot = { id: string; status: string; error: string | null }
type Given = {
  readonly instanceId: string
  readonly door: Door
  readonly key: KeyPair
  readonly folder: string
  readonly rounds: number
}

export async function measureExportImport(api: Api, given: Given): Promise<Measured[]> {
  await ssh(given.door, given.key, fill)
  const { instanceId: instance_id, folder, rounds } = given
  const { snapshot } = await api.request<{ snapshot: Snapshot }>('POST', '/api/snapshots/', {
    ...{ instance_id, name: 'to-export' },
  })
  await untilSuccess(api, snapshot.id)
  const exports: number[] = []
  const imports: number[] = []
  const file = join(folder, 'exported.qcow2')
  let fileBytes = 0
  for (let round = 1; round <= rounds; round++) {
    const { seconds, made } = await exportOnce(api, snapshot.id)
    exports.push(seconds / gigabytes)
    await download(api, made, file)
    fileBytes = (await stat(file)).size
    await gone(api, `/api/snapshots/${snapshot.id}/export/`)
    imports.push((await importOnce(api, { made, file, name: `imported-${round}` })) / gigabytes)
  }
  await rm(file)
  await gone(api, `/api/snapshots/${snapshot.id}/`)
  const note = `${(2 * halfBytes) / 1e6} MB written by the guest became a file of ${Math.round(fileBytes / 1e6)} MB`
  return [
    { figure: 'export per GB', unit: 's', value: summarize(exports), floor: null, note },
    {
      figure: 'import per GB',
      unit: 's',
      value: summarize(imports),
      floor: null,
      note: 'with the upload over the loopback interface, both checksums and all checks',
    },
  ]
}

async function exportOnce(api: Api, snapshotId: string) {
  const path = `/api/snapshots/${snapshotId}/export/`
  const started = performance.now()
  await api.request('POST', path)
  const made = await until(
    async () => (await api.request<{ export: SnapshotExport }>('GET', path)).export,
    ({ status, error }) => {
      if (status === 'ERROR') throw new Error(`The export failed: ${error}`)
      return status === 'SUCCESS'
    },
  )
  return { seconds: (performance.now() - started) / 1000, made }
}

async function download(api: Api, { download_path }: SnapshotExport, to: string) {
  const headers = { authorization: `Api-Key ${api.key}` }
  const { body, ok, status } = await fetch(`${api.url}${download_path}`, { headers })
  if (!ok || body === null) throw new Error(`The download answered ${status}`)
  await using file = await open(to, 'w')
  for await (const chunk of body) await file.appendFile(chunk)
}

async function importOnce(
  api: Api,
  { made, file, name }: { made: SnapshotExport; file: string; name: string },
): Promise<number> {
  const started = performance.now()
  const begun = await api.request<{ snapshot: Snapshot; import: SnapshotImport }>(
    'POST',
    '/api/snapshots/import/',
    { manifest: made.manifest, region: 'LOCAL-1', name },
  )
  const response = await fetch(`${api.url}${begun.import.upload_path}`, {
    method: 'PUT',
    headers: { authorization: `Api-Key ${api.key}` },
    body: Readable.toWeb(createReadStream(file)) as ReadableStream,
    duplex: 'half',
  } as RequestInit)
  if (!response.ok) throw new Error(`The upload answered ${response.status}`)
  await untilSuccess(api, begun.snapshot.id)
  const seconds = (performance.now() - started) / 1000
  await gone(api, `/api/snapshots/${begun.snapshot.id}/`)
  return seconds
}

async function untilSuccess(api: Api, id: string) {
  await until(
    async () =>
      (await api.request<{ snapshot: Snapshot }>('GET', `/api/snapshots/${id}/`)).snapshot,
    ({ status, error }) => {
      if (status === 'ERROR') throw new Error(`The snapshot failed: ${error}`)
      return status === 'SUCCESS'
    },
  )
}

/** Deletes it and waits until it is not found any more. */
async function gone(api: Api, path: string) {
  await api.request('DELETE', path)
  const found = () =>
    api.request('GET', path).then(
      () => true,
      () => false,
    )
  await until(found, (isThere) => !isThere)
}
