/**
 * The server as a process of its own. It always writes to its log file itself and stands in a session of
 * its own: whether somebody watches it in a terminal or not, it runs the same way, and it survives the
 * death of whoever watches.
 */
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fullPath } from '../host/packages.ts'
import { root } from './paths.ts'

const main = join(root, 'server/src/main.ts')
/** A log larger than this is set aside when the server starts; one old log is kept. */
const logLimitBytes = 64 * 1024 * 1024

export type ServerOptions = {
  readonly dataDir: string
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly configFile?: string | undefined
  readonly demo: boolean
  /** What microVMs begin as is built at once. */
  readonly microvms?: boolean
  /** Regions that are not configured any more, and are to be left alone. */
  readonly without: readonly string[]
  /** Folder of the dashboard; null: none is served. */
  readonly dashboard?: string | null
}

export type ServerProcess = {
  readonly pid: number
  readonly log: string
  /** Length of the log before this start, in bytes. */
  readonly logOffset: number
  readonly exited: Promise<void>
  hasExited(): boolean
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
  /** This process may end without it. */
  release(): void
}

export const logFile = (dataDir: string) => join(dataDir, 'logs/server.log')

export function serverArguments(options: ServerOptions) {
  const {
    dataDir,
    host,
    port,
    configFile,
    demo,
    microvms = false,
    without,
    dashboard = null,
  } = options
  return [
    main,
    ...['--data', dataDir, '--host', host, '--port', String(port)],
    ...(configFile === undefined ? [] : ['--config', configFile]),
    ...(demo ? ['--demo'] : []),
    ...(microvms ? ['--microvms'] : []),
    ...(dashboard === null ? [] : ['--dashboard', dashboard]),
    ...without.flatMap((region) => ['--without', region]),
  ]
}

export function startServerProcess(options: ServerOptions): ServerProcess {
  // Machines run as users of their own, who must get through to their disks: neither a mask stricter than
  // usual, which the server would inherit, nor the folder itself may stand in their way.
  process.umask(0o022)
  mkdirSync(options.dataDir, { recursive: true, mode: 0o711 })
  const log = logFile(options.dataDir)
  mkdirSync(join(options.dataDir, 'logs'), { recursive: true, mode: 0o700 })
  setLargeLogAside(log)
  const output = openSync(log, 'a', 0o600)
  const logOffset = fstatSync(output).size
  const child = spawn(process.execPath, serverArguments(options), {
    cwd: '/',
    env: { ...process.env, PATH: fullPath() },
    detached: true,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const { pid } = child
  if (pid === undefined) throw new Error(`Cannot start ${process.execPath}`)
  return {
    pid,
    log,
    logOffset,
    exited,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    kill: (signal) => void child.kill(signal),
    release: () => child.unref(),
  }
}

function setLargeLogAside(log: string) {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0
  if (size > logLimitBytes) renameSync(log, `${log}.1`)
}
