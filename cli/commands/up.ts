/** `garrison up`: host packages, server, and what to do next. */
import { resolve } from 'node:path'
import { type Config, loadConfig } from '@garrison/server/config'
import { readCredentials } from '@garrison/server/credentials'
import type { Claim } from '@garrison/server/data-folder'
import { ensureDashboard } from '../dashboard/ensure-dashboard.ts'
import { Failure } from '../failure.ts'
import { ensurePackages, stepsFor } from '../host/ensure-packages.ts'
import { hostPackages, microvmPackages } from '../host/packages.ts'
import { requireFreePort } from '../host/port.ts'
import { dataFolder } from '../process/paths.ts'
import { hear, type News, otherServer, untilReady } from '../process/readiness.ts'
import { type ServerProcess, startServerProcess } from '../process/server-process.ts'
import { stopOnSignals } from '../process/stop-on-signals.ts'
import type { Terminal } from '../terminal.ts'
import type { Context, ExitCode } from './context.ts'
import { firstSteps } from './first-steps.ts'

export type UpOptions = {
  readonly port?: number
  readonly host?: string
  readonly config?: string
  readonly demo?: boolean
  readonly microvms?: boolean
  readonly without?: readonly string[]
  readonly detach?: boolean
  readonly dashboard?: boolean
}

export async function up(context: Context, options: UpOptions): Promise<ExitCode> {
  const { terminal } = context
  const dataDir = dataFolder(context.data)
  const configFile = options.config === undefined ? undefined : resolve(options.config)
  const demo = options.demo ?? false
  const { host, port, without = [], microvms = false } = options
  const config = loadConfig({ file: configFile, dataDir, demo, host, port })

  const other = await otherServer(dataDir)
  if (other !== null) {
    tellOfOther(context, dataDir, other)
    return 0
  }
  if (config.regions.some(({ engine }) => engine === 'qemu'))
    await requireHost(context, microvms || config.microvms.base_at_start)
  await requireFreePort(config.server)
  const dashboard = options.dashboard === false ? null : await ensureDashboard(context.terminal)

  const about = { dataDir, ...config.server, configFile, demo, microvms, without, dashboard }
  const server = startServerProcess(about)
  using signals = stopOnSignals(server, terminal)
  using news = hear(server, terminal)
  try {
    const url = await untilReady(server, { dataDir, news, terminal })
    welcome(context, config, server, url)
    if (!context.json) tellOfMicrovms(terminal, config, microvms)
  } catch (error) {
    server.kill('SIGTERM')
    await server.exited
    if (signals.stopping) return 1
    throw error
  }
  if (options.detach) {
    server.release()
    return 0
  }
  return await stay(server, { terminal, news, stopping: () => signals.stopping })
}

/** What microVMs need besides is asked for where they are asked for. */
async function requireHost({ terminal, yes }: Context, microvms: boolean) {
  const isRoot = process.getuid?.() === 0
  if (!isRoot) {
    throw new Failure('Real machines need root: they get networks, disks and users of their own', {
      advice: ['Run:          sudo ./garrison up', 'Or look only: ./garrison up --demo'],
    })
  }
  const packages = microvms ? [...hostPackages, ...microvmPackages] : hostPackages
  await ensurePackages(terminal, { isRoot, yes }, stepsFor(packages))
}

function tellOfOther({ terminal, json }: Context, dataDir: string, { pid, url }: Claim) {
  if (json) terminal.printJson({ already_running: true, pid, url, data: dataDir })
  else if (url === null) terminal.print(`Garrison is being started on ${dataDir} (process ${pid})`)
  else terminal.print(`Garrison is up already: ${url} (data in ${dataDir}, process ${pid})`)
}

function welcome({ terminal, json }: Context, config: Config, server: ServerProcess, url: string) {
  const { dataDir } = config
  const credentials = readCredentials(dataDir)
  if (credentials === null) {
    throw new Failure(`The server wrote no readable credentials.json in ${dataDir}`)
  }
  const { api_key, sign_in_url } = credentials
  const docs = `${url}/docs`
  if (json) {
    terminal.printJson({
      url,
      api_key,
      sign_in_url,
      docs,
      pid: server.pid,
      data: dataDir,
      log: server.log,
    })
    return
  }
  const { style } = terminal
  terminal.print(style('green', 'Garrison is up.'))
  terminal.print()
  terminal.table(
    [
      ['API', style('bold', `${url}/api/`)],
      ['API key', style('bold', api_key)],
      ['Sign in', `${sign_in_url} (once, within an hour)`],
      ['Reference', docs],
      ['Data', dataDir],
      ['Log', server.log],
    ].map(([name = '', value = '']) => [`  ${name}`, value]),
  )
  terminal.print()
  terminal.print('Next, with your own SSH key:')
  for (const line of firstSteps(config, url, api_key)) terminal.print(`  ${line}`)
  terminal.print()
}

/** A first microVM, and how to get into one, or how to make it so. */
function tellOfMicrovms(terminal: Terminal, { microvms, server }: Config, wantsMicrovms: boolean) {
  if (wantsMicrovms) {
    terminal.print('A first microVM, as soon as its base is built:')
    terminal.print('  ./garrison vm create --name tests && ./garrison vm exec tests -- uname -a')
  }
  const { port, host } = microvms.ssh
  if (port !== null) {
    terminal.print(`SSH into microVMs: ssh -p ${port} VM_ID@${host ?? server.host}`)
  } else if (wantsMicrovms) {
    terminal.print(
      'For SSH into microVMs set microvms.ssh.port in garrison.yaml, for example to 2222',
    )
  }
}

/** Until the server ends; meanwhile what goes wrong in it is shown. */
async function stay(
  server: ServerProcess,
  { terminal, news, stopping }: { terminal: Terminal; news: News; stopping: () => boolean },
): Promise<ExitCode> {
  terminal.note('Ctrl-C stops the server; machines keep running.')
  await server.exited
  news.readOn()
  if (!stopping()) {
    throw new Failure('The server ended by itself; machines keep running', {
      advice: [`Its log: ${server.log}`, 'Start it again with: ./garrison up'],
    })
  }
  terminal.note('The server has stopped. "./garrison up" takes the machines over again.')
  return 0
}
