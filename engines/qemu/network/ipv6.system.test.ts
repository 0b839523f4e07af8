/** IPv6 of machines, for real, with network namespaces in the place of guests; and how many connections they may have. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FirewallRule } from '../../engine.ts'
import { hasIpv6, ipv6AddressesOf, ipv6NetworkOf } from './addresses/ipv6.ts'
import { Networks } from './networks.ts'
import { run } from './run.ts'
import { connected, greetingOf, ingress, type PluggedIn, plugIn } from './testing/plug-in.ts'

const SERVICE = 8080
const folder = await mkdtemp(join(tmpdir(), 'garrison-ipv6-'))
const isRoot = process.getuid?.() === 0

afterAll(() => rm(folder, { recursive: true }))

const succeeds = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  )

/** Of a rule of a namespace that drops with this comment. */
async function drops(netns: string, comment: string): Promise<number> {
  const rules = await run('ip', ['netns', 'exec', netns, 'nft', 'list', 'ruleset'])
  const all = rules.matchAll(
    new RegExp(`counter packets (\\d+) bytes \\d+ drop comment "${comment}"`, 'g'),
  )
  return [...all].reduce((sum, [, packets]) => sum + Number(packets), 0)
}

describe.skipIf(!isRoot || !hasIpv6)('IPv6 of machines', () => {
  const mark = randomBytes(3).toString('hex')
  const tenant = randomUUID()
  const addressOf = ({ address }: PluggedIn, number: number) =>
    ipv6AddressesOf(ipv6NetworkOf(mark, number), address.mac)
  let networks: Networks
  let one: PluggedIn
  let two: PluggedIn
  let other: PluggedIn
  let ip: string

  beforeAll(async () => {
    networks = new Networks({ dir: join(folder, mark), mark, log: () => {} })
    await networks.start()
    one = await plugIn(networks, mark, tenant)
    two = await plugIn(networks, mark, tenant)
    other = await plugIn(networks, mark, randomUUID())
    ip = addressOf(one, 0).ip
    await one.guest.serve(SERVICE, '::')
    await one.guest.serve(SERVICE + 1, '::')
  })

  afterAll(async () => {
    for (const machine of [one, two, other]) await machine.guest.unplug()
    await networks.destroy()
  })

  test('comes by itself, from what the gateway advertises', async () => {
    const addresses = ({ guest }: PluggedIn) =>
      run('ip', ['-n', guest.netns, '-6', 'address', 'show', 'dev', 'eth0', '-tentative'])
    await expect.poll(() => addresses(one), { timeout: 15_000 }).toContain(`${ip}/64`)
    await expect.poll(() => addresses(two), { timeout: 15_000 }).toContain(addressOf(two, 0).ip)
    await expect.poll(() => addresses(other), { timeout: 15_000 }).toContain(addressOf(other, 1).ip)
  })

  test('leads from the host to a machine, and from machine to machine of one tenant', async () => {
    expect(await greetingOf(ip, SERVICE)).toBe(`you are ${ipv6NetworkOf(mark, 0).host}`)
    expect(await two.guest.greeting(ip, SERVICE)).toBe(`you are ${addressOf(two, 0).ip}`)
  })

  test('does not lead to other tenants, nor to the host', async () => {
    expect(await succeeds(other.guest.greeting(ip, SERVICE))).toBe(false)
    await other.guest.triesToConnect(ipv6NetworkOf(mark, 0).host, SERVICE, async () =>
      expect(await drops(other.netns, 'another tenant or the host in IPv6')).toBeGreaterThan(0),
    )
  })

  test('is closed by rules about IPv4, and opened by its own', async () => {
    await networks.applyRules(one.id, [ingress(SERVICE)])
    expect(await succeeds(greetingOf(one.address.ip, SERVICE))).toBe(true)
    expect(await succeeds(greetingOf(ip, SERVICE))).toBe(false)
    const rule: FirewallRule = { ...ingress(SERVICE), ethertype: 'IPv6', cidr: '::/0' }
    await networks.applyRules(one.id, [rule])
    expect(await succeeds(greetingOf(ip, SERVICE))).toBe(true)
    expect(await succeeds(greetingOf(ip, SERVICE + 1))).toBe(false)
    expect(await succeeds(greetingOf(one.address.ip, SERVICE))).toBe(false)
    await networks.applyRules(one.id, [{ ...rule, cidr: `${addressOf(two, 0).ip}/128` }])
    expect(await succeeds(greetingOf(ip, SERVICE))).toBe(false)
    expect(await succeeds(two.guest.greeting(ip, SERVICE))).toBe(true)
    await networks.applyRules(one.id, null)
  })

  test('takes every protocol that a rule can name', async () => {
    const any = { portMin: null, portMax: null, ethertype: 'IPv6', cidr: '2001:db8::/32' } as const
    const protocols = ['any', 'icmpv6', 'hopopt', 'ipv6-frag', 'ipv6-route', 'ipv6-opts', 'esp']
    const rules = protocols.map((protocol) => ({ ...ingress(1), ...any, protocol }))
    await networks.applyRules(one.id, rules)
    await networks.applyRules(one.id, null)
  })

  test('of somebody else is dropped, as the source and in neighbour discovery', async () => {
    const { guest, netns } = two
    await guest.ip(`address add ${ip}/128 dev eth0 nodad`)
    const options = JSON.stringify({
      port: 53,
      host: ipv6NetworkOf(mark, 0).gateway,
      localAddress: ip,
    })
    await guest.tries(
      `setInterval(() => require('node:net').connect(${options}).on('error', () => {}), 200)`,
      async () => expect(await drops(netns, 'foreign address in IPv6')).toBeGreaterThan(0),
    )
    await guest.ip(`address delete ${ip}/128 dev eth0`)
    // Answers for the other one with its own address, as a router would.
    const settings = 'echo 1 | tee /proc/sys/net/ipv6/conf/{all,eth0}/{proxy_ndp,forwarding}'
    await run('ip', ['netns', 'exec', guest.netns, 'bash', '-c', settings])
    await guest.ip(`neighbour add proxy ${ip} dev eth0`, 'link add elsewhere type bridge')
    await guest.ip('link set elsewhere up', `route add ${ip}/128 dev elsewhere`)
    await run('ip', ['-n', netns, 'neighbour', 'flush', 'dev', 'br0'])
    await expect
      .poll(
        async () => {
          await succeeds(greetingOf(ip, SERVICE))
          return drops(netns, 'foreign address in neighbour discovery')
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0)
    expect(await succeeds(greetingOf(ip, SERVICE))).toBe(true)
  })

  test('is advertised by nobody but the gateway', async () => {
    const advertise = ['dnsmasq', '--conf-file=/dev/null', '--no-daemon', '--port=0', '--enable-ra']
    const range = ['--dhcp-range=fd00:bad::,ra-only,64', '--ra-param=eth0,4', '--interface=eth0']
    const command = JSON.stringify([...advertise, ...range, '--user=root'])
    await two.guest.ip('address add fd00:bad::1/64 dev eth0 nodad')
    await two.guest.tries(
      `const [file, ...args] = ${command}; require('node:child_process').spawn(file, args)`,
      async () => expect(await drops(two.netns, 'router')).toBeGreaterThan(0),
    )
    await run('sh', [
      '-c',
      'ip netns pids "$1" | xargs --no-run-if-empty kill',
      'sh',
      two.guest.netns,
    ])
  })

  test('goes on over another start of the server', async () => {
    await using connection = await connected(ip, SERVICE)
    networks = new Networks({ dir: join(folder, mark), mark, log: () => {} })
    await networks.start()
    expect(await connection.echo('still there')).toBe('still there')
  })
})

describe.skipIf(!isRoot)('the connections of a machine', () => {
  const mark = randomBytes(3).toString('hex')
  const limit = 10
  let networks: Networks
  let machine: PluggedIn

  beforeAll(async () => {
    networks = new Networks({
      ...{ dir: join(folder, mark), mark, log: () => {} },
      connectionsPerMachine: limit,
    })
    await networks.start()
    machine = await plugIn(networks, mark, randomUUID())
    await machine.guest.serve(SERVICE)
  })

  afterAll(async () => {
    await machine.guest.unplug()
    await networks.destroy()
  })

  test('are so many and no more, until one ends; other rules do not begin the count anew', async () => {
    const { ip } = machine.address
    await using open = new AsyncDisposableStack()
    const connections = await Promise.all(
      Array.from({ length: limit }, () => connected(ip, SERVICE)),
    )
    for (const connection of connections) open.use(connection)
    expect(await succeeds(greetingOf(ip, SERVICE))).toBe(false)
    await networks.applyRules(machine.id, [ingress(SERVICE)])
    expect(await succeeds(greetingOf(ip, SERVICE))).toBe(false)
    expect(await drops(machine.netns, 'too many connections')).toBeGreaterThan(0)
    expect(await connections[0]?.echo('still there')).toBe('still there')
    connections[0]?.socket.destroy()
    await expect.poll(() => succeeds(greetingOf(ip, SERVICE)), { timeout: 10_000 }).toBe(true)
  })
})
