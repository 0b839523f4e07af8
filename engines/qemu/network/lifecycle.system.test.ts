/** Networks coming, going and being interrupted, for real; no traffic. */
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CapacityError, NotFoundError } from '../../engine.ts'
import { Networks } from './networks.ts'
import { run } from './run.ts'
import { settled } from './testing/plug-in.ts'

const UID = 1_900_000_000

let folder: string
let mark: string
let networks: Networks

describe.skipIf(process.getuid?.() !== 0)('networks', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'garrison-network-'))
    mark = randomBytes(3).toString('hex')
    networks = newNetworks()
    await networks.start()
  })

  afterEach(async () => {
    await networks.destroy()
    await rm(folder, { recursive: true })
  })

  test('give a machine the same address until it is released', async () => {
    const machine = randomUUID()
    const tenant = randomUUID()
    const address = await networks.ensureAddress(machine, tenant)
    expect(await networks.ensureAddress(machine, tenant)).toEqual(address)
    networks = newNetworks()
    await networks.start()
    expect(await networks.ensureAddress(machine, tenant)).toEqual(address)
    expect(await networks.machines()).toEqual([machine])
  })

  test('give every machine an address of its own, also when all ask at once', async () => {
    const [tenant, other] = [randomUUID(), randomUUID()]
    const addresses = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        networks.ensureAddress(randomUUID(), index % 2 === 0 ? tenant : other),
      ),
    )
    expect(new Set(addresses.map(({ ip }) => ip)).size).toBe(50)
    expect(new Set(addresses.map(({ mac }) => mac)).size).toBe(50)
    expect(new Set(addresses.map(({ gateway }) => gateway)).size).toBe(2)
  })

  test('say so when a tenant has as many machines as its network holds', async () => {
    const tenant = randomUUID()
    for (let count = 0; count < 253; count++) await networks.ensureAddress(randomUUID(), tenant)
    await expect(networks.ensureAddress(randomUUID(), tenant)).rejects.toThrow(CapacityError)
    await expect(networks.ensureAddress(randomUUID(), randomUUID())).resolves.toBeDefined()
  })

  test('leave nothing of a tenant whose last machine is gone', async () => {
    const [machine, other] = [randomUUID(), randomUUID()]
    const tenant = randomUUID()
    for (const id of [machine, other]) {
      await networks.ensureAddress(id, tenant)
      await networks.ensureTap(id, UID)
    }
    await networks.releaseAddress(machine)
    expect((await traces()).namespaces).toHaveLength(1)
    await networks.releaseAddress(other)
    const { namespaces, links, routes, dnsmasqs } = await traces()
    expect([namespaces, links, routes, dnsmasqs]).toEqual([[], [], [], []])
    expect(await networks.machines()).toEqual([])
  })

  test('forget a machine twice without complaint, and refuse a tap to one without address', async () => {
    await networks.releaseAddress(randomUUID())
    await networks.removeTap(randomUUID())
    await expect(networks.ensureTap(randomUUID(), UID)).rejects.toThrow(NotFoundError)
  })

  test('make a tap that belongs to its user, and the same one when asked again', async () => {
    const machine = await machineWithTap()
    const tap = async () =>
      run('ip', ['-netns', `garrison-${mark}-0`, '-details', 'link', 'show', 'tap2'])
    const first = await tap()
    expect(first).toContain(`user ${UID} `)
    expect(first).toContain('isolated on')
    await networks.ensureTap(machine, UID)
    expect(await tap()).toBe(first)
    await networks.ensureTap(machine, UID + 1)
    expect(await tap()).toContain(`user ${UID + 1} `)
    await networks.removeTap(machine)
    await expect(tap()).rejects.toThrow('does not exist')
  })

  test('are rebuilt after the host was rebooted', async () => {
    const machine = await machineWithTap()
    await networks.applyRules(machine, [])
    const rules = () => run('ip', ['netns', 'exec', `garrison-${mark}-0`, 'nft', 'list', 'ruleset'])
    const state = async () => ({
      ...(await traces()),
      rules: settled(await rules()),
      dnsmasqs: null,
    })
    const before = await state()
    await loseEverything()
    networks = newNetworks()
    await networks.start()
    expect(await state()).toEqual(before)
    expect((await traces()).dnsmasqs).toHaveLength(1)
  })

  test('lose what is in no record, and nothing of other installations', async () => {
    const other = randomBytes(3).toString('hex')
    await run('ip', ['netns', 'add', `garrison-${mark}-7`])
    await run('ip', ['link', 'add', `g${mark}-8`, 'type', 'bridge'])
    await run('ip', ['netns', 'add', `garrison-${other}-7`])
    try {
      await machineWithTap()
      await run('ip', ['-netns', `garrison-${mark}-0`, 'tuntap', 'add', 'tap99', 'mode', 'tap'])
      await networks.start()
      const { namespaces, links } = await traces()
      expect(namespaces).toEqual([`garrison-${mark}-0`])
      expect(links).toEqual([`g${mark}-0`])
      expect(await run('ip', ['-netns', `garrison-${mark}-0`, 'link'])).not.toContain('tap99')
      expect(await readdir('/run/netns')).toContain(`garrison-${other}-7`)
    } finally {
      await run('ip', ['netns', 'delete', `garrison-${other}-7`])
    }
  })

  test('keep the subnet that they chose first', async () => {
    const tenant = randomUUID()
    const first = await networks.ensureAddress(randomUUID(), tenant)
    await loseEverything()
    networks = newNetworks()
    await networks.start()
    const second = await networks.ensureAddress(randomUUID(), tenant)
    expect(second.gateway).toBe(first.gateway)
  })

  test('of installations that start at once do not overlap', async () => {
    const others = ['a', 'b', 'c'].map((name) => {
      const options = { dir: join(folder, name), mark: `${name}${mark}`, log: () => {} }
      return new Networks(options)
    })
    try {
      await Promise.all(others.map((other) => other.start()))
      const addresses = await Promise.all(
        [networks, ...others].map((each) => each.ensureAddress(randomUUID(), randomUUID())),
      )
      const subnets = addresses.map(({ ip }) => ip.split('.').slice(0, 2).join('.'))
      expect(new Set(subnets).size).toBe(4)
    } finally {
      await Promise.all(others.map((other) => other.destroy()))
    }
  })

  test.each([40, 80, 120, 160, 200, 240, 280])(
    'are whole again at the next start when killed %i ms after one',
    async (ms) => {
      await networks.destroy()
      await killed(ms)
      networks = newNetworks()
      await networks.start()
      const machine = await machineWithTap()
      await networks.releaseAddress(machine)
      for (const id of await networks.machines()) await networks.releaseAddress(id)
      const { namespaces, links, dnsmasqs } = await traces()
      expect({ namespaces, links, dnsmasqs }).toEqual({ namespaces: [], links: [], dnsmasqs: [] })
    },
  )

  test('leave nothing behind when they are destroyed', async () => {
    await machineWithTap()
    await machineWithTap()
    await networks.destroy()
    expect(await traces()).toEqual({
      namespaces: [],
      links: [],
      routes: [],
      tables: [],
      dnsmasqs: [],
      claims: [],
      runFolders: [],
      records: [],
    })
  })
})

function newNetworks(): Networks {
  return new Networks({ dir: join(folder, 'networks'), mark, log: () => {} })
}

async function machineWithTap(): Promise<string> {
  const machine = randomUUID()
  await networks.ensureAddress(machine, randomUUID())
  await networks.ensureTap(machine, UID)
  return machine
}

/** What a reboot takes away. */
async function loseEverything(): Promise<void> {
  for (const pid of (await traces()).dnsmasqs) process.kill(Number(pid), 'SIGKILL')
  const { namespaces, links } = await traces()
  for (const link of links) await run('ip', ['link', 'delete', link])
  for (const namespace of namespaces) await run('ip', ['netns', 'delete', namespace])
  await run('nft', ['delete', 'table', 'inet', `garrison_${mark}`])
  await rm(`/run/garrison-${mark}-networks`, { recursive: true, force: true })
}

/** Networks that are being made and unmade until somebody pulls the plug. */
async function killed(afterMs: number): Promise<void> {
  const program = `
    import { randomUUID } from 'node:crypto'
    const { Networks } = await import(process.argv[1])
    const networks = new Networks({ dir: process.argv[2], mark: process.argv[3], log: () => {} })
    process.stdout.write('begun')
    await networks.start()
    for (;;) {
      const machine = randomUUID()
      await networks.ensureAddress(machine, randomUUID())
      await networks.ensureTap(machine, ${UID})
      await networks.releaseAddress(machine)
    }`
  const module = join(import.meta.dirname, 'networks.ts')
  const args = ['--input-type=module', '-e', program, module, join(folder, 'networks'), mark]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  setTimeout(() => child.kill('SIGKILL'), afterMs)
  await once(child, 'exit')
}

/** Everything on the host that carries the mark. */
async function traces() {
  const named = async (dir: string) =>
    (await readdir(dir).catch(() => [])).filter((name) => name.includes(mark)).sort()
  const lines = (text: string) => text.split('\n').filter((line) => line.includes(mark))
  return {
    namespaces: await named('/run/netns'),
    links: await named('/sys/class/net'),
    routes: lines(await run('ip', ['route', 'show', 'table', 'all'])),
    tables: lines(await run('nft', ['list', 'tables'])),
    dnsmasqs: await dnsmasqs(),
    claims: await named('/var/lib/garrison-subnets'),
    runFolders: await named('/run'),
    records: await readdir(join(folder, 'networks')).catch(() => []),
  }
}

async function dnsmasqs(): Promise<string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (commandLine.startsWith('dnsmasq') && commandLine.includes(mark)) found.push(pid)
  }
  return found
}
