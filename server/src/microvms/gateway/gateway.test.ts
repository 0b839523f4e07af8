/** SSH into simulated machines, with a real client over real sockets. */
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import type { Pty, PtySize } from '@garrison/engines/engine'
import { SimulatedMicrovms } from '@garrison/engines/simulated/microvms'
import ssh2, { type ClientChannel, type ConnectConfig } from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../config.ts'
import { parsePublicKey } from '../../ssh-keys/public-key.ts'
import { type Api, createApi } from '../../testing/api.ts'
import { settableClock } from '../../testing/settable-clock.ts'
import { startSshGateway } from './gateway.ts'
import { newKey } from './host-key.ts'

const { Client, utils } = ssh2
/** Some that ssh2 makes nobody can read. */
function newPair() {
  for (;;) {
    const made = utils.generateKeyPairSync('ed25519')
    if (!('problem' in parsePublicKey(made.public))) return made
  }
}
const hostKey = newKey()
const clock = settableClock('2026-03-01T10:00:00Z')

let api: Api
/** Of each test anew. */
let pair: ReturnType<typeof newPair>
let gateway: Awaited<ReturnType<typeof startSshGateway>>
let me: Awaited<ReturnType<Api['client']>>
let vm: { vm_id: string; session_id: string }
let clients: InstanceType<typeof Client>[]

const register = (whose: typeof me, { public: line } = pair) =>
  api.change((tx) =>
    api.services.sshKeys.create(tx, whose.caller, { name: 'laptop', public_key: line }),
  )

beforeAll(async () => {
  const { microvms } = loadConfig({ env: {}, dataDir: '/nowhere' })
  const ssh = { ...microvms.ssh, connections_per_account: 3 }
  api = await createApi({ clock, config: { microvms: { ...microvms, ssh, vms_per_account: 3 } } })
  api.startRunner()
})
afterAll(() => api.close())
beforeEach(async () => {
  const place = { host: '127.0.0.1', port: 0 }
  gateway = await startSshGateway({ ...api, hostKey }, place)
  pair = newPair()
  me = await api.client('Me')
  await register(me)
  vm = (await me.post('/v1/vms', {})).body
  clients = []
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const client of clients) client.destroy()
  await gateway.close()
})

async function connected(username: string, options: ConnectConfig = {}) {
  const client = new Client()
  clients.push(client)
  const ended = new Promise<void>((resolve) => client.once('close', () => resolve()))
  const ready = new Promise<void>((resolve, reject) => {
    client.once('ready', resolve)
    client.on('error', reject)
    client.once('close', () => reject(new Error('closed')))
  })
  const { port } = gateway
  client.connect({ host: '127.0.0.1', port, username, privateKey: pair.private, ...options })
  await ready
  return { client, ended }
}

function heard(channel: ClientChannel) {
  const told = { stdout: '', stderr: '' }
  channel.on('data', (bytes: Buffer) => {
    told.stdout += bytes
  })
  channel.stderr.on('data', (bytes: Buffer) => {
    told.stderr += bytes
  })
  const done = once(channel, 'close').then(([code, signal]) => ({
    ...{ ...told, code: code as number | null },
    ...(signal !== undefined && { signal: signal as string }),
  }))
  const shows = (words: string) =>
    expect.poll(() => told.stdout, { timeout: 5_000 }).toContain(words)
  return { channel, told, done, shows }
}

type Connected = Awaited<ReturnType<typeof connected>>

const run = async ({ client }: Connected, command: string, options: object = {}) =>
  heard(
    await new Promise<ClientChannel>((resolve, reject) =>
      client.exec(command, options, (error, channel) => (error ? reject(error) : resolve(channel))),
    ),
  )

const shell = async ({ client }: Connected, window: object | false, options: object = {}) =>
  heard(
    await new Promise<ClientChannel>((resolve, reject) =>
      client.shell(window as object, options, (error, channel) =>
        error ? reject(error) : resolve(channel),
      ),
    ),
  )

/** One connection for one command, as `ssh` does it. */
async function ssh(username: string, command: string, options: ConnectConfig = {}) {
  const connection = await connected(username, options)
  const result = await (await run(connection, command)).done
  connection.client.end()
  await connection.ended
  return result
}

const window = { cols: 100, rows: 30, term: 'xterm-256color' }

describe('a command', () => {
  it('has its output, its errors and its exit code', async () => {
    expect(await ssh(vm.vm_id, 'echo hello; exit 3')).toEqual({
      ...{ stdout: 'hello\n', stderr: '', code: 3 },
    })
    const failed = await ssh(vm.vm_id, "nonsense 'quoted'")
    expect(failed).toMatchObject({ stdout: '', code: 127 })
    expect(failed.stderr).toContain('nonsense is not played here')
  })

  it('is apart from what the machine keeps for the API', async () => {
    const { session_id } = vm
    await me.post('/execute', { session_id, language: 'bash', command: 'WORD=kept' })
    expect(await ssh(vm.vm_id, 'WORD=lost; echo $WORD; exit 1')).toMatchObject({
      ...{ stdout: 'lost\n', code: 1 },
    })
    const { body } = await me.post('/execute', {
      ...{ session_id, language: 'bash', command: 'echo $WORD' },
    })
    expect(body.stdout).toBe('kept\n')
  })

  it('is run in the machine of a session', async () => {
    expect(await ssh(vm.session_id, 'true')).toMatchObject({ code: 0 })
  })

  it('gets its input, byte by byte, to its end', async () => {
    const { channel, done } = await run(await connected(vm.vm_id), 'cat')
    const bytes = Buffer.from([0, 255, 128, 10])
    const printed = buffer(channel)
    channel.end(bytes)
    expect(await printed).toEqual(bytes)
    expect(await done).toMatchObject({ code: 0 })
  })

  it('is ended when the client has gone', async () => {
    const hungUp = Promise.withResolvers<unknown>()
    const real = SimulatedMicrovms.prototype.openCommand
    vi.spyOn(SimulatedMicrovms.prototype, 'openCommand').mockImplementation(async function (
      this: SimulatedMicrovms,
      ...all
    ) {
      const command = await real.apply(this, all)
      command.exited.then(hungUp.resolve)
      return command
    })
    const connection = await connected(vm.vm_id)
    await run(connection, 'cat')
    await expect.poll(() => SimulatedMicrovms.prototype.openCommand).toHaveBeenCalled()
    connection.client.destroy()
    expect(await hungUp.promise).toMatchObject({ exitCode: 137 })
  })

  it('ends with its machine', async () => {
    const { done } = await run(await connected(vm.vm_id), 'cat')
    expect((await me.delete(`/v1/vms/${vm.vm_id}`)).status).toBe(200)
    expect(await done).toMatchObject({ signal: 'SIGHUP', stderr: expect.stringContaining('gone') })
  })

  it('may be a script that is typed where there is no terminal', async () => {
    const { channel, done } = await shell(await connected(vm.vm_id), false)
    channel.end('echo from a script\nexit 4\n')
    expect(await done).toMatchObject({ stdout: 'from a script\n', code: 4 })
  })
})

describe('a terminal', () => {
  it('runs what is typed, follows the window, and tells the exit code', async () => {
    const sizes: PtySize[] = []
    const real = SimulatedMicrovms.prototype.openPty
    const opened = vi
      .spyOn(
        SimulatedMicrovms.prototype as { openPty: (...all: unknown[]) => Promise<Pty> },
        'openPty',
      )
      .mockImplementation(async function (this: unknown, ...all) {
        const pty = await real.apply(this as SimulatedMicrovms, all as [string])
        return { ...pty, resize: (size) => void sizes.push(size) }
      })
    const { channel, shows, done } = await shell(await connected(vm.vm_id), window, {
      env: { LC_ALL: 'C.UTF-8', LD_PRELOAD: '/tmp/x.so' },
    })
    channel.write('echo inside\n')
    await shows('inside\r\n')
    const [, size, { env } = { env: {} }] = (opened.mock.calls[0] ?? []) as [
      string,
      PtySize,
      { env: object },
    ]
    expect(size).toEqual({ columns: 100, rows: 30 })
    expect(env).toEqual({ TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' })
    channel.setWindow(50, 5_000, 0, 0)
    await expect.poll(() => sizes).toEqual([{ columns: 1_000, rows: 50 }])
    channel.write('exit 5\n')
    expect(await done).toMatchObject({ code: 5 })
    const { body } = await me.get('/v1/audit/events?limit=5')
    expect(JSON.stringify(body)).toContain('microvm.ssh.shell')
  })

  it('ends with its machine', async () => {
    const { done, shows } = await shell(await connected(vm.vm_id), window)
    await shows('imulat')
    expect((await me.delete(`/v1/vms/${vm.vm_id}`)).status).toBe(200)
    expect(await done).toMatchObject({ signal: 'SIGHUP', stderr: expect.stringContaining('gone') })
  })

  it('is hung up when the client has gone', async () => {
    const hungUp = Promise.withResolvers<number | null>()
    const real = SimulatedMicrovms.prototype.openPty
    vi.spyOn(SimulatedMicrovms.prototype, 'openPty').mockImplementation(async function (
      this: SimulatedMicrovms,
      ...all
    ) {
      const pty = await real.apply(this, all)
      pty.exited.then(hungUp.resolve)
      return pty
    })
    const connection = await connected(vm.vm_id)
    await (await shell(connection, window)).shows('imulat')
    connection.client.destroy()
    expect(await hungUp.promise).toBe(129)
  })

  it('is one of a bounded number', async () => {
    const connections = [await connected(vm.vm_id), await connected(vm.vm_id)]
    for (const connection of connections) {
      const eight = Array.from({ length: 8 }, () => shell(connection, window))
      for (const { shows } of await Promise.all(eight)) await shows('imulat')
    }
    const more = await shell(await connected(vm.vm_id), window)
    expect(await more.done).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('at most 16'),
    })
    const [first] = connections
    await expect(first && shell(first, window)).rejects.toThrow(/open/i)
  })
})

describe('verbs', () => {
  it('list, make, copy and end machines', async () => {
    expect((await ssh('me', 'help')).stdout).toContain('clone VM')
    const { stdout, code } = await ssh('me', 'create --lifetime 600')
    expect(code).toBe(0)
    const made = stdout.trim()
    expect((await me.get(`/v1/vms/${made}`)).body).toMatchObject({
      ...{ status: 'running', vm_lifetime_seconds: 600 },
    })
    const copy = (await ssh('me', `clone ${made}`)).stdout.trim()
    const listed = (await ssh('me', 'ls')).stdout
    for (const id of [vm.vm_id, made, copy]) expect(listed).toMatch(new RegExp(`${id} +running`))
    expect(await ssh('me', `rm ${copy}`)).toMatchObject({ stdout: '', code: 0 })
    expect((await ssh('me', 'ls')).stdout).not.toContain(copy)
  })

  it('keep to the limits of the account', async () => {
    for (let n = 0; n < 2; n++) expect((await ssh('me', 'create')).code).toBe(0)
    const refused = await ssh('me', 'create')
    expect(refused).toMatchObject({ stdout: '', code: 255 })
    expect(refused.stderr).toContain('at most 3 VMs')
  })

  it('refuse what they do not know in words', async () => {
    const connection = await connected('me')
    const refused: [string, RegExp][] = [
      ['rm', /takes the id of one VM/],
      ['rm vm_nothing', /VM vm_nothing not found/],
      ['ls -la', /ls takes nothing/],
      ['create --memory much', /memory_mb/],
      ['create --vcpus 9', /vcpu_count/],
      ['create --colour red', /colour/],
      ['create one two', /one snapshot/],
      ['create snap_nothing', /not found/],
      ['reboot', /no verb "reboot"/],
    ]
    for (const [command, words] of refused) {
      const { code, stderr } = await (await run(connection, command)).done
      expect(code).toBe(255)
      expect(stderr).toMatch(words)
    }
  })

  it('ask for an account where a key is of several', async () => {
    const other = await api.client('Other')
    await register(other)
    const asked = await ssh('me', 'ls')
    expect(asked).toMatchObject({ code: 255, stderr: expect.stringContaining('several accounts') })
    expect((await ssh(me.caller.accountPublicId, 'ls')).stdout).toContain(vm.vm_id)
    expect((await ssh(other.caller.accountPublicId, 'ls')).stdout).not.toContain(vm.vm_id)
    expect((await ssh(vm.vm_id, 'echo mine')).stdout).toBe('mine\n')
  })
})

describe('whoever', () => {
  it('is a stranger hears the same of a machine as of none', async () => {
    const theirs = newPair()
    await register(await api.client('Stranger'), theirs)
    const as = { privateKey: theirs.private }
    for (const [real, none] of [
      [vm.vm_id, 'vm_0000000000000000'],
      [vm.session_id, '00000000-0000-4000-8000-000000000000'],
    ] as const) {
      const [one, other] = [await ssh(real, 'true', as), await ssh(none, 'true', as)]
      expect(one).toEqual({ ...other, stderr: other.stderr.replace(none, real) })
      expect(one).toMatchObject({ code: 255, stderr: expect.stringContaining('not found') })
    }
    for (const verb of ['clone', 'rm'])
      expect((await ssh('me', `${verb} ${vm.vm_id}`, as)).stderr).toContain('not found')
    expect((await me.get(`/v1/vms/${vm.vm_id}`)).body.status).toBe('running')
  })

  it('has another key, a password or a name that is too long is refused', async () => {
    for (const options of [
      { privateKey: newPair().private },
      { privateKey: undefined, password: 'secret' },
      { username: 'x'.repeat(1_000) },
    ])
      await expect(connected(vm.vm_id, options as ConnectConfig)).rejects.toThrow(
        /authentication methods failed/,
      )
  })

  it('guesses keys is refused before anything is asked', async () => {
    const guess = () => ({
      ...{ type: 'publickey' as const, username: vm.vm_id, key: newPair().private },
    })
    for (let n = 0; n < 3; n++) {
      const authHandler = Array.from({ length: 10 }, guess)
      await connected(vm.vm_id, { authHandler }).catch(() => {})
    }
    await expect(connected(vm.vm_id)).rejects.not.toThrow(/authentication/)
  })

  it('has too many connections is told so', async () => {
    for (let n = 0; n < 3; n++) await connected(vm.vm_id)
    const more = await run(await connected(vm.vm_id), 'true')
    expect(await more.done).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('at most 3'),
    })
  })

  it('asks for files or forwarding hears that there is none', async () => {
    const { client } = await connected(vm.vm_id)
    const subsystem = await new Promise<ClientChannel>((resolve, reject) =>
      client.subsys('sftp', (error, channel) => (error ? reject(error) : resolve(channel))),
    )
    expect(await heard(subsystem).done).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('no sftp') },
    })
    const error = await new Promise<Error | undefined>((resolve) =>
      client.forwardOut('127.0.0.1', 1, '127.0.0.1', 22, (refused) => resolve(refused)),
    )
    expect(String(error)).toMatch(/refused|open/i)
    await expect(
      new Promise((resolve, reject) =>
        client.forwardIn('127.0.0.1', 8_000, (refused) => (refused ? reject(refused) : resolve(0))),
      ),
    ).rejects.toThrow()
  })
})

describe('a connection ends', () => {
  it('when nothing is asked for', async () => {
    const connection = await connected(vm.vm_id)
    clock.pass(60_000)
    await gateway.lookAgain()
    await connection.ended
  })

  it('when its key is removed, and nothing more is done by it until then', async () => {
    const connection = await connected(vm.vm_id)
    const { shows } = await shell(connection, window)
    await shows('imulat')
    const { body } = await me.get('/v1/ssh-keys')
    expect((await me.delete(`/v1/ssh-keys/${body[0].id}`)).status).toBeLessThan(300)
    expect(await (await run(connection, 'true')).done).toMatchObject({
      ...{ code: 255, stderr: expect.stringContaining('not registered any more') },
    })
    await gateway.lookAgain()
    await connection.ended
  })

  it('when its account is suspended, which then is told why', async () => {
    const connection = await connected(vm.vm_id)
    await api.db
      .insertInto('account_controls')
      .values({
        ...{ account_id: me.caller.accountId, suspended_at: clock.now() },
        suspended_reason: 'Bills',
      })
      .execute()
    await api.services.accounts.suspensions.refresh(api.db)
    await gateway.lookAgain()
    await connection.ended
    for (const name of [vm.vm_id, 'me'])
      expect(await ssh(name, 'ls')).toMatchObject({
        ...{ code: 255, stderr: expect.stringContaining('suspended: Bills') },
      })
  })

  it('of one account only, when another has had the same key', async () => {
    const other = await api.client('Other')
    const copy = await register(other)
    const connection = await connected(vm.vm_id)
    await api.change((tx) => api.services.sshKeys.delete(tx, other.caller, copy.key.public_id))
    expect(await (await run(connection, 'echo on')).done).toMatchObject({ stdout: 'on\n' })
    await gateway.lookAgain()
    expect(await (await run(connection, 'echo on')).done).toMatchObject({ stdout: 'on\n' })
  })

  it('when nothing is said for long', async () => {
    const connection = await connected(vm.vm_id)
    const { channel, shows } = await shell(connection, window)
    clock.pass(3_000_000)
    channel.write('echo here\n')
    await shows('here\r\n')
    clock.pass(3_000_000)
    await gateway.lookAgain()
    channel.write('echo still\n')
    await shows('still\r\n')
    clock.pass(3_600_000)
    await gateway.lookAgain()
    await connection.ended
  })

  it('with the server', async () => {
    const connection = await connected(vm.vm_id)
    await (await shell(connection, window)).shows('imulat')
    await gateway.close()
    await connection.ended
    await expect(connected(vm.vm_id)).rejects.toThrow(/ECONNREFUSED/)
  })
})
