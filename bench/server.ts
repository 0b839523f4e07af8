/**
 * A server of our own to measure: a process on a temporary data folder and a free port of the loopback
 * interface. Nobody else's server, machines or networks are touched, and nothing of it stays.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Api, until } from './api.ts'
import { removeInstallation } from './installation.ts'
import { freePort, untilAnswers } from './ports.ts'

const entry = join(import.meta.dirname, '../server/src/main.ts')
const stopMs = 30_000

/** Limits are made for people and would get in the way. JSON is YAML. */
const settings = {
  limits: { reads_per_minute: 1_000_000_000, writes_per_minute: 1_000_000 },
  billing: { mode: 'off' },
  webhooks: { allow_networks: ['127.0.0.0/8'] },
}

export class Server {
  readonly dataDir: string
  readonly #folder: string
  readonly #arguments: readonly string[]
  #process: ChildProcess | null = null
  #url = ''

  /** Nothing runs yet. `demo`: with the simulated regions. `dashboard`: the folder that it was built into. */
  static async prepare({
    demo,
    dashboard,
  }: {
    demo: boolean
    dashboard?: string | undefined
  }): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'garrison-bench-'))
    // Machines run as users of their own, who must be able to pass.
    await chmod(folder, 0o711)
    await writeFile(join(folder, 'garrison.yaml'), JSON.stringify(settings))
    return new Server(folder, [
      ...(demo ? ['--demo'] : []),
      ...(dashboard === undefined ? [] : ['--dashboard', dashboard]),
    ])
  }

  private constructor(folder: string, more: readonly string[]) {
    this.#folder = folder
    this.dataDir = join(folder, 'data')
    this.#arguments = [
      ...['--data', this.dataDir, '--config', join(folder, 'garrison.yaml')],
      ...more,
    ]
  }

  get pid(): number {
    const pid = this.#process?.pid
    if (pid === undefined) throw new Error('The server does not run')
    return pid
  }

  /** Answers how many milliseconds passed from starting the process to its first answer over HTTP. */
  async start(): Promise<number> {
    const port = await freePort()
    await using log = await open(join(this.#folder, 'server.log'), 'a')
    const started = performance.now()
    const child = spawn(process.execPath, [entry, ...this.#arguments, '--port', String(port)], {
      stdio: ['ignore', log.fd, log.fd],
      // Ctrl-C is for the bench, which needs the server to delete its machines.
      detached: true,
    })
    this.#process = child
    this.#url = `http://127.0.0.1:${port}`
    try {
      await untilAnswers(`${this.#url}/healthz`, child)
    } catch (cause) {
      throw new Error(`The server did not start. Its log ends: ${await this.#lastWords()}`, {
        cause,
      })
    }
    return performance.now() - started
  }

  /** As whoever started it. */
  async api(): Promise<Api> {
    const file = join(this.dataDir, 'credentials.json')
    // At the first start it is written a moment after the first answer.
    const text = await until(
      () => readFile(file, 'utf8').catch(() => ''),
      (content) => content !== '',
    )
    const { api_key } = JSON.parse(text)
    return new Api(this.#url, api_key)
  }

  /** Stops server and database; machines go on. */
  async stop(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (child === null || hasEnded(child)) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
    await exited
    clearTimeout(timer)
  }

  /** Removes everything that it made: machines, processes, networks, files. */
  async remove(): Promise<void> {
    if (this.#process !== null) {
      // One that crashed still has machines.
      if (hasEnded(this.#process)) await this.start()
      await (await this.api()).removeAll()
      await this.stop()
    }
    await removeInstallation(this.dataDir)
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #lastWords(): Promise<string> {
    const log = await readFile(join(this.#folder, 'server.log'), 'utf8')
    return log.trim().split('\n').slice(-5).join('\n')
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null
