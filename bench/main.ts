/**
 * `npm run bench`: how long things take, each beside what this host needs for the same without us. It
 * starts servers of its own, leaves nothing behind, and takes a few minutes. README.md tells how it
 * measures. The result goes to stdout, as a table or with `--json`; progress goes to stderr.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BootImage, ImageStore } from '@garrison/guest/image-store'
import { ensureDashboard } from '../cli/dashboard/ensure-dashboard.ts'
import { createTerminal } from '../cli/terminal.ts'
import { startBareDatabase } from './database.ts'
import { measureDashboard } from './figures/dashboard.ts'
import { measureInstall } from './figures/install.ts'
import { measureLedger } from './figures/ledger.ts'
import { fillPage, measureList } from './figures/list.ts'
import { measureMachines } from './figures/machines.ts'
import { measureMemory } from './figures/memory.ts'
import { measureMeter } from './figures/meter.ts'
import { measureMicrovmRequests } from './figures/microvm-requests.ts'
import { measureMicrovms } from './figures/microvms.ts'
import { measureSignIn } from './figures/sign-in.ts'
import { measureStart } from './figures/start.ts'
import { measureWebhooks } from './figures/webhooks.ts'
import { describeHost, whyNoMachines } from './host.ts'
import { Server } from './server.ts'
import { makeKeyPair } from './ssh.ts'
import { type Row, renderTable } from './table.ts'

/** Where a server of root's keeps its images. */
const imageCache = '/var/cache/garrison/images'

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const progress = (line: string) => process.stderr.write(`${line}\n`)

const stack = new AsyncDisposableStack()
let cleaning: Promise<void> | null = null
/** Once, whoever asks: the end of the bench, or Ctrl-C. */
const cleanUp = () => {
  cleaning ??= stack.disposeAsync()
  return cleaning
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    progress('Stopping; removing what was made')
    await cleanUp()
    process.exit(130)
  })
}

try {
  const host = await describeHost()
  const rows = await measureAll()
  progress('Cleaning up')
  await cleanUp()
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ host, rows }, null, 2)}\n`
      : `${host}\n\n${renderTable(rows)}\n`,
  )
} finally {
  await cleanUp()
}

/** A figure that fails is told among the others, which took their time. */
async function attempt(
  figure: string,
  measure: () => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  progress(figure)
  try {
    return await measure()
  } catch (error) {
    process.exitCode = 1
    const { message } = error instanceof Error ? error : new Error(String(error))
    progress(`${figure} failed: ${message}`)
    return [{ figure, skipped: `It failed: ${message}` }]
  }
}

async function measureAll(): Promise<Row[]> {
  const reason = whyNoMachines()
  const folder = await mkdtemp(join(tmpdir(), 'garrison-bench-files-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const prepare = async (demo: boolean, dashboard?: string) => {
    const server = await Server.prepare({ demo, dashboard })
    stack.defer(() => server.remove())
    return server
  }

  const store = new ImageStore({ cacheDir: imageCache, report: progress })
  const image = reason === null ? await store.ensure('garrison-small') : null
  // Without the regions of the demonstration, where the host is one itself.
  const starts = await attempt('Server starts', () => measureStart(() => prepare(reason !== null)))

  const { stdin: input, stderr } = process
  const terminal = createTerminal({ input, output: stderr, errors: stderr })
  const server = await prepare(true, await ensureDashboard(terminal))
  await server.start()
  const atRest = await measureMemory(server, 'at rest')
  const api = await server.api()
  const key = await makeKeyPair(folder)
  const { ssh_key } = await api.request<{ ssh_key: { id: string } }>('POST', '/api/ssh-keys/', {
    name: 'bench',
    public_key: key.publicKey,
  })
  const onHost = async (figure: string, measure: (image: BootImage) => Promise<Row[]>) =>
    image === null ? [{ figure, skipped: reason ?? '' }] : attempt(figure, () => measure(image))
  const running = [
    ...(await onHost('Machines', (image) =>
      measureMachines(api, { folder, image, key, keyId: ssh_key.id, progress }),
    )),
    ...(await onHost('MicroVMs', () => measureMicrovms(imageCache, 100, progress))),
    ...(await onHost('MicroVMs over HTTP', () =>
      measureMicrovmRequests(() => prepare(false), 100, progress),
    )),
    ...(await attempt('Ledger and meter', measureMoney)),
    ...(await attempt('List pages', async () => {
      await fillPage(api, ssh_key.id)
      return measureList(api)
    })),
    ...(await attempt('The dashboard', () => measureDashboard(api))),
    ...(await attempt('Signing in', () => measureSignIn(api.url, join(server.dataDir, 'mail')))),
    ...(await attempt('Webhooks', () => measureWebhooks(api))),
  ]
  const loaded = await measureMemory(server, 'after the lists')
  const install = await measureInstall(image === null ? null : dirname(image.root))
  return [...running, ...starts, ...atRest, ...loaded, ...install]
}

async function measureMoney(): Promise<Row[]> {
  await using database = await startBareDatabase()
  return [await measureLedger(database.db), ...(await measureMeter(database.db))]
}
