/** A server process of the test's own, and what a stranger does with it: curl and ssh. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { uninstall } from '@garrison/server/admin'

const main = new URL('../server/src/main.ts', import.meta.url).pathname
const dyingAt = new URL('testing/die-at.ts', import.meta.url).pathname
const run = promisify(execFile)

/** Longer than anything takes on a slow host with emulated guests. */
const longestWaitMs = 90_000

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they please
type Answer = { status: number; body: any; headers: Headers }

export class TestServer {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'garrison-e2e-'))
  readonly #config = join(this.dataDir, 'garrison.yaml')
  readonly #port: number
  readonly #diesAt = join(this.dataDir, 'dies-at')
  readonly #privateKey = join(this.dataDir, 'test-key')
  readonly #more: readonly string[]
  #process: ChildProcess | null = null
  #credentials = { api_key: '', sign_in_url: '' }

  private constructor(port: number, more: readonly string[]) {
    this.#port = port
    this.#more = more
  }

  /**
   * @param config What garrison.yaml would say; the defaults when left out.
   * @param more Further arguments of the server, such as `--demo`.
   */
  static async start(config: object = {}, more: readonly string[] = []): Promise<TestServer> {
    const server = new TestServer(await freePort(), more)
    // JSON is YAML too.
    writeFileSync(server.#config, JSON.stringify(config))
    // Machines run as users of their own, who must get through to their disks.
    chmodSync(server.dataDir, 0o711)
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', server.#privateKey])
    try {
      await server.launch()
    } catch (error) {
      await server.kill()
      throw error
    }
    return server
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Signs in whoever set the host up, once. */
  get signInUrl() {
    return this.#credentials.sign_in_url
  }

  get publicKey() {
    return readFileSync(`${this.#privateKey}.pub`, 'utf8')
  }

  /** Starts the process and waits until it can do its work, which includes building the guest image. */
  async launch() {
    const log = openSync(join(this.dataDir, 'server.log'), 'a')
    const child = spawn(
      process.execPath,
      [
        ...['--import', dyingAt, main, '--data', this.dataDir, '--config', this.#config],
        ...['--port', String(this.#port), ...this.#more],
      ],
      {
        stdio: ['ignore', log, log],
        env: { ...process.env, GARRISON_TEST_DIES_AT: this.#diesAt },
      },
    )
    closeSync(log)
    this.#process = child
    const credentials = join(this.dataDir, 'credentials.json')
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended: ${this.log().slice(-2000)}`)
      const ready = await fetch(`${this.url}/readyz`).catch(() => null)
      if (ready?.ok && existsSync(credentials)) break
      await pause(100)
    }
    this.#credentials = JSON.parse(readFileSync(credentials, 'utf8'))
  }

  log() {
    return readFileSync(join(this.dataDir, 'server.log'), 'utf8')
  }

  /** As Ctrl-C does: machines keep running. */
  stop = () => this.#end('SIGINT')
  /** As a crash does. */
  kill = () => this.#end('SIGKILL')

  /**
   * Sends the request to a server that is killed as soon as it has logged `message`, which is one of level
   * `debug` mostly; then starts it again.
   */
  async killedAt(message: string, request: () => Promise<unknown>) {
    const child = this.#process
    if (child === null) throw new Error('there is no server')
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    writeFileSync(this.#diesAt, message)
    const answered = request().then(
      () => true,
      () => false,
    )
    const late = pause(longestWaitMs).then(() => {
      throw new Error(`it never said "${message}": ${this.log().slice(-2000)}`)
    })
    await Promise.race([ended, late])
    rmSync(this.#diesAt)
    this.#process = null
    await answered
    await this.launch()
  }

  async #end(signal: 'SIGINT' | 'SIGKILL') {
    const child = this.#process
    if (child === null || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
    this.#process = null
  }

  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        Authorization: `Api-Key ${this.#credentials.api_key}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }

  /** As clients of the other API send files. */
  async sendForm(path: string, body: FormData): Promise<Answer> {
    const headers = { Authorization: `Api-Key ${this.#credentials.api_key}` }
    const response = await fetch(this.url + path, { method: 'POST', headers, body })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }

  get = (path: string) => this.send('GET', path)
  post = (path: string, body?: unknown) => this.send('POST', path, body)
  delete = (path: string) => this.send('DELETE', path)

  /** Like `curl -sf`, with the key. */
  async curl(path: string, ...options: string[]): Promise<string> {
    const key = ['-H', `Authorization: Api-Key ${this.#credentials.api_key}`]
    return (await run('curl', ['-sf', ...key, ...options, this.url + path])).stdout
  }

  /** Asks again until the answer is as wanted; tells the last one when that takes too long. */
  async until(
    path: string,
    wanted: (answer: Answer) => boolean,
    withinMs = longestWaitMs,
  ): Promise<Answer> {
    const deadline = Date.now() + withinMs
    for (;;) {
      const answer = await this.get(path)
      if (wanted(answer)) return answer
      if (Date.now() > deadline) {
        throw new Error(`${path} never became as wanted: ${JSON.stringify(answer.body)}`)
      }
      await pause(50)
    }
  }

  /** Until nothing is under way any more. */
  async settled() {
    for (const state of ['pending', 'running', 'undoing']) {
      const path = `/api/operations/?state=${state}`
      await this.until(path, ({ body }) => body.pagination.total_count === 0)
    }
  }

  /** The instance, once it has the status; an unwanted ERROR fails with its reason. */
  async instanceIn(id: string, status: string) {
    const { body } = await this.until(`/api/instances/${id}/`, ({ body }) =>
      [status, 'ERROR'].includes(body.instance.status),
    )
    if (body.instance.status !== status) throw new Error(body.instance.error)
    return body.instance
  }

  /** The instance, once its guest has reported itself up. */
  async readyInstance(id: string) {
    await this.instanceIn(id, 'ACTIVE')
    const { body } = await this.until(
      `/api/instances/${id}/`,
      ({ body }) => body.instance.ready_at !== null,
    )
    return body.instance
  }

  /** Runs a command in the machine by way of its own `ssh_command`. */
  async ssh(
    instance: { ssh_command: string },
    command: string,
    privateKey = this.#privateKey,
  ): Promise<string> {
    const [program = 'ssh', ...target] = instance.ssh_command.split(' ')
    const options = [
      '-o StrictHostKeyChecking=no',
      '-o UserKnownHostsFile=/dev/null',
      '-o LogLevel=ERROR',
      '-o BatchMode=yes',
      '-o ConnectTimeout=10',
      `-o IdentityFile=${privateKey}`,
      '-o IdentitiesOnly=yes',
    ].flatMap((option) => option.split(/ (.*)/s).slice(0, 2))
    const { stdout } = await run(program, [...options, ...target, command])
    return stdout.trim()
  }

  /** What of machines and snapshots is still on the host, once none should be. */
  async leftovers(): Promise<string[]> {
    const folders = ['machines', 'snapshots', 'images', 'volumes', 'exports', 'uploads']
    const inData = folders.flatMap((folder) =>
      readdirSync(join(this.dataDir, folder)).map((name) => `${folder}/${name}`),
    )
    const layers = readdirSync(join(this.dataDir, 'layers')).filter(
      (name) => !name.startsWith('os-'),
    )
    return [
      ...inData,
      ...layers.map((name) => `layers/${name}`),
      ...(await processesNaming(this.dataDir, 'qemu')),
    ].map(String)
  }

  /** Deletes everything that was made, stops the server and removes its folder. */
  async dispose() {
    if (this.#process === null) await this.launch()
    const { body: waiting } = await this.get('/api/deploy-requests/?page_size=100')
    for (const { id } of waiting.deploy_requests) await this.delete(`/api/deploy-requests/${id}/`)
    const { body: machines } = await this.get('/api/instances/?page_size=100')
    for (const { instance_id } of machines.instances)
      await this.delete(`/api/instances/${instance_id}/`)
    await this.settled()
    const { body: volumes } = await this.get('/api/volumes/?page_size=100')
    for (const { id } of volumes.volumes) await this.delete(`/api/volumes/${id}/`)
    await this.settled()
    const { body: images } = await this.get('/api/custom-images/?page_size=100')
    for (const { id } of images.images) await this.delete(`/api/custom-images/${id}/`)
    await this.settled()
    const { body: snapshots } = await this.get('/api/snapshots/?pageSize=100')
    for (const { id } of snapshots.snapshots) await this.delete(`/api/snapshots/${id}/`)
    await this.settled()
    const { body: microvms } = await this.get('/v1/vms')
    if (Array.isArray(microvms))
      for (const { vm_id } of microvms) await this.delete(`/v1/vms/${vm_id}`)
    const { body: prepared } = await this.get('/v1/snapshots?type=user')
    if (Array.isArray(prepared))
      for (const { id } of prepared) await this.delete(`/v1/snapshots/${id}`)
    await this.settled()
    await this.stop()
    await uninstall({ dataDir: this.dataDir })
  }
}

/** Processes whose command line holds all of the texts. */
export async function processesNaming(...texts: string[]): Promise<number[]> {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return texts.every((text) => command.includes(text))
      } catch {
        // It has ended meanwhile.
        return false
      }
    })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
