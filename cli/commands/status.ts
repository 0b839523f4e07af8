/** `garrison status`: how the server, its parts, machines and disk are. */
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Readiness } from '@garrison/contract/health/routes'
import { instanceStatuses } from '@garrison/contract/instances/states'
import { readCredentials } from '@garrison/server/credentials'
import { type Claim, readClaim } from '@garrison/server/data-folder'
import { getJson } from '../process/get-json.ts'
import { dataFolder } from '../process/paths.ts'
import { readReadiness } from '../process/readiness.ts'
import type { Terminal } from '../terminal.ts'
import { humanBytes, humanDuration } from '../units.ts'
import { version } from '../version.ts'
import type { Context, ExitCode } from './context.ts'

type Disk = { used_bytes: number; free_bytes: number }
type Machines = Partial<Record<string, number>>

export type Status = {
  running: boolean
  ready: boolean
  version: string
  data: string
  url: string | null
  pid: number | null
  uptime_s: number | null
  checks: Readiness['checks'] | null
  /** Of the account in credentials.json, by state; null when nobody could be asked. */
  machines: Machines | null
  /** Likewise; those that have not ended. */
  microvms: Machines | null
  /** What runs without a server, as the host shows it; null while one runs, or where nobody may look. */
  left_running: LeftRunning
  disk: Disk | null
}

type LeftRunning = Awaited<ReturnType<typeof import('../admin.ts').leftRunning>>

/** 0 when the server is ready, 1 otherwise. */
export async function status({ terminal, json, data }: Context): Promise<ExitCode> {
  const dataDir = dataFolder(data)
  const found = await look(dataDir, readClaim(dataDir))
  if (json) terminal.printJson(found)
  else printStatus(terminal, found)
  return found.ready ? 0 : 1
}

async function look(dataDir: string, claim: Claim | null): Promise<Status> {
  const url = claim?.url ?? null
  const apiKey = readCredentials(dataDir)?.api_key
  const [readiness, machines, microvms, left_running, disk] = await Promise.all([
    url === null ? null : readReadiness(url),
    url === null ? null : countMachines(url, apiKey),
    url === null ? null : countMicrovms(url, apiKey),
    claim === null ? lookWithoutServer(dataDir) : null,
    diskUse(dataDir),
  ])
  return {
    running: claim !== null,
    ready: readiness?.ready ?? false,
    version,
    data: dataDir,
    url,
    pid: claim?.pid ?? null,
    uptime_s: url === null ? null : secondsSincePublished(dataDir),
    checks: readiness?.checks ?? null,
    machines,
    microvms,
    left_running,
    disk,
  }
}

/** What only this needs takes a while to load. */
async function lookWithoutServer(dataDir: string) {
  const { leftRunning } = await import('../admin.ts')
  return leftRunning(dataDir)
}

/** The claim is written once more when the server answers, and then left alone. */
function secondsSincePublished(dataDir: string) {
  const file = statSync(join(dataDir, 'server.json'), { throwIfNoEntry: false })
  return file === undefined ? null : Math.max(0, Math.round((Date.now() - file.mtimeMs) / 1000))
}

async function countMachines(url: string, apiKey: string | undefined): Promise<Machines | null> {
  if (apiKey === undefined) return null
  const states = instanceStatuses.filter((state) => state !== 'DELETED')
  try {
    const counts = await Promise.all(states.map((state) => countInState(url, apiKey, state)))
    const entries = states.map((state, index) => [state, counts[index] ?? 0] as const)
    return Object.fromEntries(entries.filter(([, count]) => count > 0))
  } catch {
    return null
  }
}

async function countInState(url: string, apiKey: string, state: string): Promise<number> {
  const path = `/api/instances/?page_size=1&status=${state}`
  const { status, body } = await getJson(`${url}${path}`, { 'X-API-Key': apiKey })
  if (status !== 200) throw new Error(`the server answered ${status}`)
  return (body as { pagination: { total_count: number } }).pagination.total_count
}

async function countMicrovms(url: string, apiKey: string | undefined): Promise<Machines | null> {
  if (apiKey === undefined) return null
  try {
    const { status, body } = await getJson(`${url}/v1/vms`, { 'X-API-Key': apiKey })
    if (status !== 200) return null
    const all = Object.groupBy(body as { status: string }[], (each) => each.status)
    return Object.fromEntries(Object.entries(all).map(([name, some]) => [name, some?.length]))
  } catch {
    return null
  }
}

/** What the folder really occupies: disks are sparse. */
async function diskUse(dataDir: string): Promise<Disk | null> {
  try {
    const { bavail, bsize } = await statfs(dataDir)
    const { stdout } = await promisify(execFile)('du', ['-sx', '--block-size=1', dataDir])
    return { used_bytes: Number.parseInt(stdout, 10), free_bytes: bavail * bsize }
  } catch {
    return null
  }
}

export function printStatus(terminal: Terminal, found: Status) {
  const { style } = terminal
  const rows: [string, string][] = []
  const state = found.ready
    ? style('green', 'running')
    : style('yellow', found.running ? 'running, not ready' : 'not running')
  const facts = [state]
  if (found.url !== null) facts.push(found.url)
  if (found.uptime_s !== null) facts.push(`up ${humanDuration(found.uptime_s * 1000)}`)
  if (found.pid !== null) facts.push(`process ${found.pid}`)
  rows.push(['Server', facts.join(' · ')], ['Version', found.version])
  if (found.checks !== null) {
    const { database, engines, guest_image, disk } = found.checks
    for (const [name, check] of Object.entries({ database, engines, image: guest_image, disk })) {
      const mark = check.ok ? '' : style('red', '✗ ')
      rows.push([name.replace(/^./, (letter) => letter.toUpperCase()), mark + check.detail])
    }
  }
  for (const [name, counted] of [
    ['Machines', found.machines],
    ['MicroVMs', found.microvms],
  ] as const) {
    if (counted === null) continue
    const counts = Object.entries(counted).map(([state, count]) => `${count} ${state}`)
    rows.push([name, counts.length === 0 ? 'none' : counts.join(', ')])
  }
  if (found.left_running !== null) rows.push(...rowsOfLeft(found.left_running))
  const { disk } = found
  const room = disk
    ? ` · ${humanBytes(disk.used_bytes)} used, ${humanBytes(disk.free_bytes)} free`
    : ''
  rows.push(['Data', found.data + room])
  terminal.table(rows)
  if (found.running) return
  const left = Object.values(found.left_running ?? {}).some(Boolean)
  terminal.note(`Start it with: ./garrison up${left ? '; it takes over what runs' : ''}`)
}

function rowsOfLeft({ database, machines, microvms }: NonNullable<LeftRunning>) {
  const rows: [string, string][] = []
  if (database) rows.push(['Database', 'runs without the server'])
  for (const [name, count] of [
    ['Machines', machines],
    ['MicroVMs', microvms],
  ] as const) {
    if (count > 0) rows.push([name, `${count} ${count === 1 ? 'runs' : 'run'} without the server`])
  }
  return rows
}
