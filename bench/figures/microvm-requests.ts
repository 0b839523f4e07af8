/**
 * MicroVMs as a client has them, over HTTP: from the request to the answer that one runs, to the answer of its
 * first command, and in crowds. On a server of its own, without simulated regions.
 */
import type { SnapshotInfo } from '@garrison/contract/microvms/snapshots'
import type { Vm } from '@garrison/contract/microvms/vms'
import { type Api, until } from '../api.ts'
import type { Server } from '../server.ts'
import { percentile, summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

const CODE = { language: 'python', code: 'print(6 * 7)' }
const CROWDS = [20, 50]

/** @param rounds Of starts one at a time. */
export async function measureMicrovmRequests(
  prepare: () => Promise<Server>,
  rounds: number,
  progress: (line: string) => void,
): Promise<Measured[]> {
  const server = await prepare()
  await server.start()
  const api = await server.api()
  try {
    progress('MicroVMs over HTTP: a snapshot')
    const snapshot = await base(api)
    return [
      ...(await measureStarts(api, snapshot, rounds, progress)),
      ...(await measureCrowds(api, snapshot, progress)),
    ]
  } finally {
    await removeAll(api)
    await server.stop()
  }
}

/** Built by the first who asks; the answer may be that it is not ready yet. */
async function base(api: Api): Promise<string> {
  await api.request('POST', '/v1/vms', {}).catch(() => {})
  const found = await until(
    async () => (await api.request<SnapshotInfo[]>('GET', '/v1/snapshots?type=system'))[0],
    (snapshot) => ['ready', 'failed'].includes(snapshot?.status ?? ''),
  )
  if (found?.status !== 'ready') throw new Error(`The snapshot failed: ${found?.last_error}`)
  await removeAll(api)
  return found.id
}

/** Answers what each part took, in milliseconds since it was asked for. */
async function start(api: Api, snapshot: string) {
  const began = performance.now()
  const vm = await api.request<Vm>('POST', '/v1/vms', { snapshot_id: snapshot })
  const running = performance.now() - began
  await api.request('POST', '/execute', { ...CODE, session_id: vm.session_id })
  return { vm, running, first: performance.now() - began }
}

async function measureStarts(
  api: Api,
  snapshot: string,
  rounds: number,
  progress: (line: string) => void,
) {
  const [running, first, warm]: [number[], number[], number[]] = [[], [], []]
  for (let round = 1; round <= rounds; round++) {
    if (round % 10 === 1) progress(`MicroVMs over HTTP: start ${round} of ${rounds}`)
    const started = await start(api, snapshot)
    const again = performance.now()
    await api.request('POST', '/execute', { ...CODE, session_id: started.vm.session_id })
    warm.push(performance.now() - again)
    running.push(started.running)
    first.push(started.first)
    await api.request('DELETE', `/v1/vms/${started.vm.vm_id}`)
  }
  const floor = { ...summarize(warm), what: 'the same command once more' }
  return [
    row('microVM over HTTP: asked to answered that it runs', running, null, tail(running)),
    row('microVM over HTTP: asked to first command', first, floor, tail(first)),
  ]
}

async function measureCrowds(api: Api, snapshot: string, progress: (line: string) => void) {
  const rows: Measured[] = []
  for (const size of CROWDS) {
    progress(`MicroVMs over HTTP: ${size} at once`)
    const began = performance.now()
    const started = await Promise.allSettled(
      Array.from({ length: size }, () => start(api, snapshot)),
    )
    const ms = performance.now() - began
    const good = started.filter((each) => each.status === 'fulfilled').length
    const refused = started.find((each) => each.status === 'rejected')
    const why = refused === undefined ? '' : `; the others: ${String(refused.reason)}`
    const note = `${good} of ${size} succeeded${why}`
    rows.push(row(`microVM over HTTP: ${size} at once, first commands`, [ms], null, note))
    await removeAll(api)
  }
  return rows
}

async function removeAll(api: Api) {
  const vms = await api.request<Vm[]>('GET', '/v1/vms')
  await Promise.all(vms.map(({ vm_id }) => api.request('DELETE', `/v1/vms/${vm_id}`)))
}

const tail = (samples: readonly number[]) =>
  `p95 ${percentile(samples, 95).toFixed(1)} ms, p99 ${percentile(samples, 99).toFixed(1)} ms`

function row(
  figure: string,
  samples: readonly number[],
  floor: Measured['floor'],
  note: string,
): Measured {
  return { figure, unit: 'ms', value: summarize(samples), floor, note }
}
