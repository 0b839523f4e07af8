/**
 * Networks on this host for real, with network namespaces in the place of guests. Nothing leaves the
 * host: its way to the internet is played by another namespace.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Address, FirewallRule } from '../../engine.ts'
import { linkPrefix } from './addresses/layout.ts'
import { Networks } from './networks.ts'
import { run } from './run.ts'
import { settled } from './testing/plug-in.ts'
import { StandIn } from './testing/stand-in.ts'

const UID = 1_900_000_000
const SERVICE = 8080

const mark = randomBytes(3).toString('hex')
const tenant = randomUUID()
const stranger = randomUUID()
const folder = await mkdtemp(join(tmpdir(), 'garrison-network-'))

type Machine = { id: string; address: Address; guest: StandIn; netns: string; tap: string }

let networks: Networks
let one: Machine
let two: Machine
let other: Machine

describe.skipIf(process.getuid?.() !== 0)('networks of machines', () => {
  beforeAll(async () => {
    networks = newNetworks()
    await networks.start()
    one = await plugIn(tenant)
    two = await plugIn(tenant)
    other = await plugIn(stranger)
    await one.guest.serve(SERVICE)
    await one.guest.serve(SERVICE + 1)
  })

  afterAll(async () => {
    for (const machine of [one, two, other]) await machine.guest.unplug()
    await networks.destroy()
    await rm(folder, { recursive: true })
  })

  test('a machine is given its address by DHCP', async () => {
    const { ip, gateway, mac } = one.address
    const lease = await one.guest.dhcp(mac)
    await one.guest.configure(one.address)
    expect(lease).toEqual({ ip, router: gateway, dns: gateway, server: gateway })
  })

  test('so is one that came later', async () => {
    const { ip } = await two.guest.dhcp(two.address.mac)
    await two.guest.configure(two.address)
    expect(ip).toBe(two.address.ip)
  })

  test('a machine reaches DNS at its gateway', async () => {
    const connection = await one.guest.script(
      `require('node:net').connect(53, '${one.address.gateway}', () => {
         console.log('connected')
         process.exit()
       })`,
    )
    expect(connection).toBe('connected')
  })

  test('the host reaches a machine', async () => {
    expect(await greetingOf(one)).toMatch(/^you are 1/)
  })

  test('machines of one tenant reach one another', async () => {
    expect(await two.guest.greeting(one.address.ip, SERVICE)).toBe(`you are ${two.address.ip}`)
  })

  test('machines of two tenants do not', async () => {
    await other.guest.triesToConnect(one.address.ip, SERVICE, () =>
      hasCounted(other.netns, 'another tenant or the host'),
    )
  })

  test('a machine does not reach the host at the address that the host shows it', async () => {
    const hostAddress = one.address.gateway.replace(/\d+\.1$/, '255.1')
    await one.guest.triesToConnect(hostAddress, SERVICE, () =>
      hasCounted(one.netns, 'another tenant or the host'),
    )
  })

  test('a machine reaches neither the metadata service nor services of the gateway', async () => {
    await one.guest.triesToConnect('169.254.169.254', 80, () =>
      hasCounted(one.netns, 'metadata service'),
    )
    await one.guest.triesToConnect(one.address.gateway, 22, () =>
      hasCounted(one.netns, 'services of the gateway'),
    )
  })

  describe('beyond the host', () => {
    const hostSide = '198.51.100.1'
    const farSide = '198.51.100.2'
    let far: StandIn
    let host: Server

    beforeAll(async () => {
      far = await StandIn.join(`internet-${mark}`, `t${mark}`, hostSide)
      await far.configure({ ip: farSide, prefix: 24, gateway: hostSide })
      host = createServer((socket) => socket.end('host')).listen(0, hostSide)
      await once(host, 'listening')
    })

    afterAll(async () => {
      host.close()
      await far.unplug()
    })

    test('machines are seen as the host', async () => {
      await far.serve(SERVICE)
      expect(await one.guest.greeting(farSide, SERVICE)).toBe(`you are ${hostSide}`)
    })

    test('machines do not reach the host at its other addresses', async () => {
      const port = Number(Object(host.address()).port)
      await one.guest.triesToConnect(hostSide, port, () => hasCounted(null, 'services of the host'))
    })

    test('nobody there opens connections to machines', async () => {
      await far.triesToConnect(one.address.ip, SERVICE, () =>
        hasCounted(null, 'from beyond the host'),
      )
    })
  })

  describe('pretending to be somebody else', () => {
    test('by MAC is dropped', async () => {
      await two.guest.ip('link set eth0 down', 'link set eth0 address 52:54:00:12:34:56')
      await two.guest.ip('link set eth0 up', `route replace default via ${two.address.gateway}`)
      await two.guest.triesToConnect(one.address.ip, SERVICE, () =>
        hasCounted(two.netns, 'foreign MAC'),
      )
      await two.guest.ip('link set eth0 down', `link set eth0 address ${two.address.mac}`)
      await two.guest.ip('link set eth0 up')
      await two.guest.configure(two.address)
    })

    test('by address is dropped, in ARP and in IP', async () => {
      const { ip, gateway } = one.address
      const mac = /ether (\S+)/.exec(await run('ip', ['-n', one.netns, 'link', 'show', 'br0']))?.[1]
      await two.guest.ip(`address add ${ip}/32 dev eth0`, 'neighbour flush dev eth0')
      await two.guest.tries(connectFrom(ip, gateway), () =>
        hasCounted(two.netns, 'foreign address in ARP'),
      )
      await two.guest.ip(`neighbour replace ${gateway} lladdr ${mac} dev eth0 nud permanent`)
      await two.guest.tries(connectFrom(ip, gateway), () =>
        hasCounted(two.netns, 'foreign address'),
      )
      await two.guest.ip(`address delete ${ip}/32 dev eth0`, 'neighbour flush dev eth0 nud all')
    })

    test('by answering DHCP is dropped', async () => {
      await two.guest.tries(
        `const socket = require('node:dgram').createSocket('udp4')
         socket.bind(67, () => socket.send('offer', 68, '${one.address.ip}'))`,
        () => hasCounted(two.netns, 'DHCP server'),
      )
    })

    test('by an address of another network is dropped in IPv6 too', async () => {
      await two.guest.ip('address add fd00::2/64 dev eth0 nodad')
      await two.guest.tries(
        `require('node:dgram').createSocket('udp6').send('hello', 9, 'fd00::1')`,
        () => hasCounted(two.netns, 'foreign address in IPv6'),
      )
      await two.guest.ip('address delete fd00::2/64 dev eth0')
    })
  })

  describe('firewalls', () => {
    test('let in what a rule names and nothing else', async () => {
      await networks.applyRules(one.id, [ingress(SERVICE)])
      expect(await greetingOf(one)).toMatch(/^you are/)
      expect(await two.guest.greeting(one.address.ip, SERVICE)).toMatch(/^you are/)
      await two.guest.triesToConnect(one.address.ip, SERVICE + 1, async () =>
        expect(await dropsIn(one.netns, 'to_2')).toBeGreaterThan(0),
      )
    })

    test('hold between machines of one tenant by where they come from', async () => {
      await networks.applyRules(one.id, [ingress(SERVICE, `${two.address.ip}/32`)])
      expect(await two.guest.greeting(one.address.ip, SERVICE)).toMatch(/^you are/)
      await networks.applyRules(one.id, [ingress(SERVICE, '192.0.2.0/24')])
      await two.guest.triesToConnect(one.address.ip, SERVICE, async () =>
        expect(await dropsIn(one.netns, 'to_2')).toBeGreaterThan(0),
      )
    })

    test('end a connection whose rule is taken away, and no other', async () => {
      await networks.applyRules(one.id, [ingress(SERVICE), ingress(SERVICE + 1)])
      await using kept = await connected(one, SERVICE)
      await using lost = await connected(one, SERVICE + 1)
      await networks.applyRules(one.id, [ingress(SERVICE)])
      lost.socket.write('anybody there?')
      await expect.poll(() => dropsIn(one.netns, 'to_2')).toBeGreaterThan(0)
      expect(await kept.echo('still there')).toBe('still there')
    })

    test('keep in what no rule lets out, once there is one about going out', async () => {
      await networks.applyRules(two.id, [{ ...ingress(9), direction: 'egress' }])
      await two.guest.triesToConnect(one.address.ip, SERVICE, async () =>
        expect(await dropsIn(one.netns, 'from_3')).toBeGreaterThan(0),
      )
      await networks.applyRules(two.id, [])
      expect(await two.guest.greeting(one.address.ip, SERVICE)).toMatch(/^you are/)
    })

    test('are gone when there are none', async () => {
      await networks.applyRules(one.id, null)
      await networks.applyRules(two.id, null)
      expect(await greetingOf(one, SERVICE + 1)).toMatch(/^you are/)
    })

    test('with a rule that cannot be enforced stay as they were', async () => {
      const rule = { ...ingress(SERVICE), cidr: '10.0.0.0/8; flush ruleset' }
      await expect(networks.applyRules(one.id, [rule])).rejects.toThrow('Not an IPv4 network')
      expect(await greetingOf(one)).toMatch(/^you are/)
    })
  })

  describe('starting again', () => {
    test('changes nothing and cuts no connection', async () => {
      await networks.applyRules(two.id, [ingress(22)])
      await using connection = await connected(one, SERVICE)
      const before = await everything()
      networks = newNetworks()
      await networks.start()
      expect(await everything()).toEqual(before)
      expect(await connection.echo('still there')).toBe('still there')
    })

    test('repairs what others have broken', async () => {
      const before = await everything()
      await run('nft', ['delete', 'table', 'inet', `garrison_${mark}`])
      await run('ip', ['route', 'delete', one.address.ip.replace(/\d+$/, '0/24')])
      await run('ip', ['netns', 'exec', one.netns, 'nft', 'flush', 'ruleset'])
      process.kill(await dnsmasqPid(0), 'SIGKILL')
      await networks.start()
      expect({ ...(await everything()), dnsmasqs: null }).toEqual({ ...before, dnsmasqs: null })
      expect(await greetingOf(one)).toMatch(/^you are/)
      expect((await one.guest.dhcp(one.address.mac)).ip).toBe(one.address.ip)
      await one.guest.configure(one.address)
    })
  })
})

function newNetworks(): Networks {
  return new Networks({ dir: join(folder, 'networks'), mark, log: () => {} })
}

let plugged = 0

async function plugIn(owner: string): Promise<Machine> {
  const id = randomUUID()
  const uid = UID + plugged++
  const address = await networks.ensureAddress(id, owner)
  const { netns, tap } = await networks.ensureTap(id, uid)
  const guest = await StandIn.plug(`guest-${mark}-${plugged}`, { netns, tap }, uid, address.mac)
  await guest.configure(address)
  return { id, address, guest, netns, tap }
}

function ingress(port: number, cidr = '0.0.0.0/0'): FirewallRule {
  const ports = { portMin: port, portMax: port }
  return { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', cidr, ...ports }
}

function connectFrom(localAddress: string, host: string): string {
  const options = JSON.stringify({ port: 53, host, localAddress })
  return `require('node:net').connect(${options}).on('error', () => {}); setTimeout(() => {}, 10_000)`
}

async function greetingOf({ address }: Machine, port = SERVICE): Promise<string> {
  const socket = connect(port, address.ip)
  socket.setTimeout(2_000, () => socket.destroy(new Error('silence')))
  const [greeting] = await once(socket, 'data')
  socket.destroy()
  return String(greeting).trim()
}

async function connected({ address }: Machine, port: number) {
  const socket: Socket = connect(port, address.ip)
  await once(socket, 'data')
  return {
    socket,
    async echo(text: string): Promise<string> {
      socket.write(text)
      const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(2_000) })
      return String(answer)
    },
    async [Symbol.asyncDispose]() {
      socket.destroy()
    },
  }
}

/** @param netns Of a tenant; `null`: the host's own table. */
async function rulesOf(netns: string | null): Promise<string> {
  return netns === null
    ? run('nft', ['list', 'table', 'inet', `garrison_${mark}`])
    : run('ip', ['netns', 'exec', netns, 'nft', 'list', 'ruleset'])
}

async function hasCounted(netns: string | null, comment: string): Promise<void> {
  const rules = await rulesOf(netns)
  const packets = new RegExp(`counter packets (\\d+) bytes \\d+ drop comment "${comment}"`).exec(
    rules,
  )
  expect(Number(packets?.[1])).toBeGreaterThan(0)
}

/** Packets that a machine's own chain has dropped. */
async function dropsIn(netns: string, chain: string): Promise<number> {
  const text = await run('ip', [
    ...['netns', 'exec', netns],
    ...['nft', 'list', 'chain', 'inet', 'garrison', chain],
  ])
  return Number(/counter packets (\d+) bytes \d+ drop/.exec(text)?.[1])
}

async function dnsmasqPid(number: number): Promise<number> {
  return Number(await readFile(`/run/garrison-${mark}-networks/${number}/pid`, 'utf8'))
}

/** All that start() could have changed, without what traffic changes. */
/** The host has routes of others too, who come and go. */
function ours(routes: string): string {
  const lines = routes.split('\n')
  return lines.filter((line) => line.includes(linkPrefix(mark))).join('\n')
}

async function everything(): Promise<Record<string, string>> {
  const state: Record<string, string> = {
    hostRules: await rulesOf(null),
    hostRoutes: ours(await run('ip', ['route', 'show'])),
    dnsmasqs: `${await dnsmasqPid(0)} ${await dnsmasqPid(1)}`,
  }
  for (const { netns } of [one, other]) {
    state[`${netns} rules`] = settled(await rulesOf(netns))
    state[`${netns} links`] = await run('ip', ['-netns', netns, '-details', 'link', 'show'])
    state[`${netns} addresses`] = await run('ip', ['-netns', netns, 'address', 'show'])
    state[`${netns} routes`] = await run('ip', ['-netns', netns, 'route', 'show'])
  }
  const timers = /(packets|bytes|_timer|timer|gc_timer) +[\d.]+/g
  return Object.fromEntries(
    Object.entries(state).map(([name, text]) => [name, text.replaceAll(timers, '$1')]),
  )
}
