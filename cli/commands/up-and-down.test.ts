/** The life of a server with simulated regions, as somebody without root would start it. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claimDataFolder, readClaim, startTime } from '@garrison/server/data-folder'
import { findPostmaster } from '@garrison/server/database/embedded/postmaster'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fakeTerminal } from '../fake-terminal.testing.ts'
import { root } from '../process/paths.ts'
import { uninstall } from './uninstall.ts'

const folder = mkdtempSync(join(tmpdir(), 'garrison-cli-'))
const data = join(folder, 'data')
const config = join(folder, 'garrison.yaml')
const limitMs = 60_000
let port: number

function garrison(...args: string[]) {
  const command = [join(root, 'cli/main.ts'), '--data', data, ...args]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { output: '', errors: '' }
  child.stdout.on('data', (text) => {
    said.output += text
  })
  child.stderr.on('data', (text) => {
    said.errors += text
  })
  const ended = new Promise<{ code: number | null; output: string; errors: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, ...said }))
  })
  return { child, ended }
}

const run = (...args: string[]) => garrison(...args).ended
const up = (...args: string[]) => ['up', '--demo', '--config', config, '--port', `${port}`, ...args]

const heard = (child: ChildProcess, text: string) =>
  new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk) => {
      if (String(chunk).includes(text)) resolve()
    })
  })

beforeAll(async () => {
  // Root's demonstrations would otherwise take this host for a region.
  writeFileSync(config, 'regions: []\n')
  port = await freePort()
})
afterAll(async () => {
  await run('down')
  rmSync(folder, { recursive: true })
})

describe('a server in the background', { timeout: limitMs }, () => {
  beforeAll(async () => {
    const { code, errors } = await run(...up('--detach'))
    if (code !== 0) throw new Error(errors)
  }, limitMs)

  it('answers with the key that it wrote for its owner only', async () => {
    const file = join(data, 'credentials.json')
    const { url, api_key } = JSON.parse(readFileSync(file, 'utf8'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const answer = await fetch(`${url}/api/instances/`, { headers: { 'X-API-Key': api_key } })
    expect([url, answer.status]).toEqual([`http://127.0.0.1:${port}`, 200])
  })

  it('is named by a second "up", which is content', async () => {
    const { code, output } = await run(...up())
    expect(output).toContain(`Garrison is up already: http://127.0.0.1:${port}`)
    expect(code).toBe(0)
  })

  it('shows its state', async () => {
    const { code, output } = await run('status', '--json')
    expect(JSON.parse(output)).toMatchObject({
      running: true,
      ready: true,
      url: `http://127.0.0.1:${port}`,
      pid: readClaim(data)?.pid,
      checks: { database: { ok: true } },
      machines: {},
      disk: { used_bytes: expect.any(Number) },
    })
    expect(code).toBe(0)
  })

  it('takes keys made and revoked beside it', { timeout: limitMs }, async () => {
    const { output } = await run('key', 'create', 'ci')
    expect(output).toMatch(/^brk_\w{40}\n$/)
    const names = async () =>
      JSON.parse((await run('key', 'list', '--json')).output).map(
        (key: { name: string }) => key.name,
      )
    expect(await names()).toContain('ci')
    await run('key', 'revoke', 'ci')
    expect(await names()).not.toContain('ci')
  })

  it('keeps its port to itself', async () => {
    const elsewhere = join(folder, 'elsewhere')
    const { code, errors } = await run(...up('--data', elsewhere))
    expect(errors).toContain(`Port ${port} on 127.0.0.1 is taken`)
    expect(code).toBe(1)
  })

  it('is gone after "down", which may be said twice', async () => {
    const pid = readClaim(data)?.pid ?? 0
    expect(await run('down')).toMatchObject({ code: 0 })
    expect(startTime(pid)).toBeNull()
    expect(await run('down')).toMatchObject({ code: 0, output: `No server runs on ${data}.\n` })
    expect(await run('status')).toMatchObject({ code: 1 })
  })
})

describe('a server in the foreground', { timeout: limitMs }, () => {
  it('stops with its command, cleanly', async () => {
    const { child, ended } = garrison(...up())
    await heard(child, 'Ctrl-C stops the server')
    child.kill('SIGINT')
    const { code, errors } = await ended
    expect(errors).toContain('The server has stopped.')
    expect([code, readClaim(data)]).toEqual([0, null])
  })

  it('is reported when it dies, and comes back', async () => {
    const { child, ended } = garrison(...up())
    await heard(child, 'Ctrl-C stops the server')
    process.kill(readClaim(data)?.pid ?? 0, 'SIGKILL')
    const { code, errors } = await ended
    expect(errors).toContain('The server ended by itself')
    expect(code).toBe(1)
    expect(await run(...up('--detach'))).toMatchObject({ code: 0 })
    expect(await run('down')).toMatchObject({ code: 0 })
  })
})

describe('a server that is killed', { timeout: limitMs }, () => {
  const database = () => findPostmaster(join(realpathSync(data), 'postgres/data'))
  const kill = () => process.kill(readClaim(data)?.pid ?? 0, 'SIGKILL')

  it('does not stand in the way of the next, however soon it comes', async () => {
    expect(await run(...up('--detach'))).toMatchObject({ code: 0 })
    kill()
    const { code, output } = await run(...up('--detach'))
    expect(output).toContain('Garrison is up.')
    expect(code).toBe(0)
  })

  it('leaves its database, of which "status" tells and which "down" ends', async () => {
    kill()
    await vi.waitFor(() => expect(readClaim(data)).toBeNull())
    expect(database()).not.toBeNull()
    expect(JSON.parse((await run('status', '--json')).output)).toMatchObject({
      running: false,
      left_running: { database: true, machines: 0, microvms: 0 },
    })
    const { code, output } = await run('down')
    expect(output).toContain('the database that one left there has stopped')
    expect([code, database()]).toEqual([0, null])
  })

  it('is told of when it is there and does not answer', async () => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise((resolve) => mute.once('listening', resolve))
    const { port: mutePort } = mute.address() as { port: number }
    mute.close()
    const claim = claimDataFolder(data)
    claim.publish(`http://127.0.0.1:${mutePort}`, [])
    const { code, errors } = await run(...up('--detach'))
    claim.release()
    expect(errors).toContain(`(process ${process.pid}) and does not answer`)
    expect(code).toBe(1)
  })
})

it('answers on a port that browsers keep for another protocol', { timeout: limitMs }, async () => {
  const usual = port
  port = 6000
  expect(await run(...up('--detach'))).toMatchObject({ code: 0 })
  expect(JSON.parse((await run('status', '--json')).output)).toMatchObject({
    ready: true,
    machines: {},
  })
  expect(await run('down')).toMatchObject({ code: 0 })
  port = usual
})

it('names every wrong setting before anything is started', async () => {
  const wrong = join(folder, 'wrong.yaml')
  writeFileSync(wrong, 'server:\n  port: many\n')
  const { code, errors } = await run('up', '--demo', '--config', wrong)
  expect(errors).toContain('server.port')
  expect(code).toBe(1)
})

it('makes nothing where it was only asked to look', async () => {
  const { code, errors } = await run('--data', join(folder, 'nowhere'), 'key', 'list')
  expect(errors).toContain('There is no Garrison')
  expect(code).toBe(1)
  expect(statSync(join(folder, 'nowhere'), { throwIfNoEntry: false })).toBeUndefined()
})

describe('uninstalling', { timeout: limitMs }, () => {
  it('is refused while a server runs, and while somebody has something, which is named', async () => {
    await run(...up('--detach'))
    expect((await run('uninstall', '--yes')).errors).toContain('./garrison --data')
    const { url, api_key } = JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8'))
    const headers = { 'X-API-Key': api_key, 'Content-Type': 'application/json' }
    const body = JSON.stringify({ name: 'notes' })
    const made = await fetch(`${url}/v1/volumes`, { method: 'POST', headers, body })
    expect(made.status).toBe(200)
    await run('down')
    const { code, errors } = await run('uninstall', '--yes')
    expect(errors).toMatch(/1 microVM volume: notes \(vol_\w+\)\n.*--delete-everything/)
    expect([code, statSync(data).isDirectory()]).toEqual([1, true])
  })

  it('loses that only for who says which folder, not for a mere yes', async () => {
    const { code, errors } = await run('uninstall', '--delete-everything', '--yes')
    expect(errors).toContain(`uninstall --delete-everything ${data}`)
    expect(code).toBe(2)
    expect(await run('uninstall', '--delete-everything', folder, '--yes')).toMatchObject({
      code: 2,
    })
    const typed = (...lines: string[]) => {
      const { terminal, type } = fakeTerminal({ tty: true })
      for (const line of lines) type(line)
      const context = { terminal, data, json: false, yes: true }
      return uninstall(context, { deleteEverything: true })
    }
    await expect(typed('yes')).rejects.toThrow('Nothing was removed')
    expect(statSync(data).isDirectory()).toBe(true)
    expect(await typed(data)).toBe(0)
    expect(statSync(data, { throwIfNoEntry: false })).toBeUndefined()
  })

  it('needs a yes, which is asked for, where nobody has anything', async () => {
    mkdirSync(data)
    writeFileSync(join(data, 'credentials.json'), '{}')
    expect(await run('uninstall')).toMatchObject({ code: 1 })
    expect(statSync(data).isDirectory()).toBe(true)
    expect(await run('uninstall', '--yes')).toMatchObject({ code: 0 })
    expect(statSync(data, { throwIfNoEntry: false })).toBeUndefined()
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
