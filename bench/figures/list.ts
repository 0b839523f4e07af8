/** A page of instances with authentication, and the same bytes from a server that does nothing else. */
import type { Api } from '../api.ts'
import { type Answer, startBareHttp } from '../floors/bare-http.ts'
import { load } from '../load.ts'
import { percentile, summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

const connections = 16
const rounds = 3
const warmUpSeconds = 3
const seconds = 5

/** The page has this many rows, which is the default page size. */
const rows = 20
/** Simulated, because only the server and its database are measured. */
const simulated = {
  region: 'CANADA-1',
  gpu_model: 'H100-PCIe-80GB',
  os_image: 'Ubuntu Server 22.04 LTS R550 CUDA 12.4',
}
const what = 'node:http, the same bytes'

export async function fillPage(api: Api, keyId: string): Promise<void> {
  const ids = await Promise.all(
    Array.from({ length: rows }, (_, index) =>
      api.deploy({ ...simulated, vm_name: `row-${index}`, ssh_key_ids: [keyId] }),
    ),
  )
  for (const id of ids) await api.untilInstance(id, 'ACTIVE')
}

export async function measureList(api: Api): Promise<Measured[]> {
  const url = new URL(`/api/instances/?page_size=${rows}`, api.url)
  const headers = { authorization: `Api-Key ${api.key}` }
  await using bare = await startBareHttp(await sample(url, headers))
  const targets = { ours: url, bare: new URL(url.pathname, bare.url) }

  const measured = { ours: [] as Round[], bare: [] as Round[] }
  for (const target of ['bare', 'ours'] as const) {
    await load(targets[target], headers, { connections, seconds: warmUpSeconds })
  }
  for (let round = 0; round < rounds; round++) {
    for (const target of ['bare', 'ours'] as const) {
      const { latencies, rate } = await load(targets[target], headers, { connections, seconds })
      const [p50, p99] = [percentile(latencies, 50), percentile(latencies, 99)]
      measured[target].push({ p50, p99, rate })
    }
  }
  const row = (figure: string, name: keyof Round, unit: Measured['unit']): Measured => ({
    figure: `list page, ${figure}`,
    unit,
    value: summarize(measured.ours.map((round) => round[name])),
    floor: { ...summarize(measured.bare.map((round) => round[name])), what },
  })
  return [row('p50', 'p50', 'ms'), row('p99', 'p99', 'ms'), row('rate', 'rate', 'requests/s')]
}

type Round = { p50: number; p99: number; rate: number }

async function sample(url: URL, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(url, { headers })
  const body = await response.text()
  const { instances } = JSON.parse(body)
  if (instances?.length !== rows) throw new Error(`The page should have ${rows} rows: ${body}`)
  // Those of one connection, and its own clock, Node's server adds by itself.
  const { connection, 'keep-alive': _, date, ...same } = Object.fromEntries(response.headers)
  return { headers: same, body }
}
