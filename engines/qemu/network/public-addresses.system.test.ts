/** Public addresses on this host for real, with network namespaces in the place of guests and of a LAN. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AddressRange } from '../../address-pools.ts'
import { CapacityError, EngineError } from '../../engine.ts'
import { Networks } from './networks.ts'
import { run } from './run.ts'
import { connected, greetingOf, ingress, type PluggedIn, plugIn } from './testing/plug-in.ts'
import { StandIn } from './testing/stand-in.ts'

const SERVICE = 8080
const SILENCE_MS = 800
const folder = await mkdtemp(join(tmpdir(), 'garrison-public-'))
const warnings: string[] = []

function newNetworks(mark: string, addressPools?: readonly AddressRange[]): Networks {
  return new Networks({
    dir: join(folder, mark),
    mark,
    log: (level, message) => level === 'warn' && warnings.push(message),
    ...(addressPools && { addressPools }),
  })
}

const answers = (ip: string) =>
  greetingOf(ip, SERVICE, SILENCE_MS).then(
    () => true,
    () => false,
  )

async function reaches(guest: StandIn, ip: string): Promise<boolean> {
  return guest.greeting(ip, SERVICE).then(
    () => true,
    () => false,
  )
}

afterAll(() => rm(folder, { recursive: true }))

describe.skipIf(process.getuid?.() !== 0)('a public address of the host alone', () => {
  const mark = randomBytes(3).toString('hex')
  const tenant = randomUUID()
  let networks: Networks
  let one: PluggedIn
  let two: PluggedIn
  let other: PluggedIn
  let ip: string

  beforeAll(async () => {
    networks = newNetworks(mark)
    await networks.start()
    one = await plugIn(networks, mark, tenant)
    two = await plugIn(networks, mark, tenant)
    other = await plugIn(networks, mark, randomUUID())
    await one.guest.serve(SERVICE)
    await two.guest.serve(SERVICE)
    ip = (await networks.ensurePublicAddress(one.id, tenant)).ip
  })

  afterAll(async () => {
    for (const machine of [one, two, other]) await machine.guest.unplug()
    await networks.destroy()
  })

  test('leads from the host to the machine, which sees who it is', async () => {
    const host = one.address.gateway.replace(/\d+\.1$/, '255.1')
    expect(await greetingOf(ip, SERVICE)).toBe(`you are ${host}`)
    expect(await greetingOf(one.address.ip, SERVICE)).toBe(`you are ${host}`)
  })

  test('leads there from machines of all tenants, and from itself', async () => {
    expect(await two.guest.greeting(ip, SERVICE)).toBe(`you are ${two.address.ip}`)
    expect(await other.guest.greeting(ip, SERVICE)).toBe(`you are ${other.address.ip}`)
    expect(await one.guest.greeting(ip, SERVICE)).toBe(`you are ${ip}`)
  })

  test('is what others see when the machine comes to them', async () => {
    const { ip: theirs } = await networks.ensurePublicAddress(other.id, other.tenant)
    await other.guest.serve(SERVICE)
    expect(await one.guest.greeting(theirs, SERVICE)).toBe(`you are ${ip}`)
    expect(await other.guest.greeting(ip, SERVICE)).toBe(`you are ${theirs}`)
    await networks.releasePublicAddress(other.id)
    expect(await reaches(one.guest, theirs)).toBe(false)
  })

  test('opens nothing else: other machines and the host itself stay out of reach', async () => {
    expect(await reaches(other.guest, one.address.ip)).toBe(false)
    expect(await reaches(other.guest, ip.replace(/\d+$/, '1'))).toBe(false)
  })

  test('is not to be found from beyond the host', async () => {
    const far = await StandIn.join(`far-${mark}`, `f${mark}`, '198.51.100.1')
    await far.configure({ ip: '198.51.100.2', prefix: 24, gateway: '198.51.100.1' })
    expect(await reaches(far, ip)).toBe(false)
    await far.unplug()
  })

  test('is subject to the rules of the machine, by where it is really called from', async () => {
    await networks.applyRules(one.id, [ingress(SERVICE, `${other.address.ip}/32`)])
    expect(await reaches(other.guest, ip)).toBe(true)
    expect(await reaches(two.guest, ip)).toBe(false)
    expect(await answers(ip)).toBe(false)
    await networks.applyRules(one.id, null)
    expect(await answers(ip)).toBe(true)
  })

  test('comes back when others have removed what makes it work', async () => {
    await using connection = await connected(ip, SERVICE)
    await run('ip', ['route', 'delete', ip])
    await run('nft', ['delete', 'table', 'inet', `garrison_${mark}`])
    await run('ip', ['netns', 'exec', one.netns, 'nft', 'flush', 'ruleset'])
    await networks.start()
    expect(await connection.echo('still there')).toBe('still there')
    expect(await reaches(other.guest, ip)).toBe(true)
  })

  test('is the same after the server started again, and cuts no connection', async () => {
    await using connection = await connected(ip, SERVICE)
    networks = newNetworks(mark)
    await networks.start()
    expect(await connection.echo('still there')).toBe('still there')
    expect(await networks.ensurePublicAddress(one.id, tenant)).toEqual({ ip })
  })

  test('leads nowhere once it is released, for connections that were open too', async () => {
    await using connection = await connected(ip, SERVICE)
    await using own = await connected(one.address.ip, SERVICE)
    await networks.releasePublicAddress(one.id)
    await networks.releasePublicAddress(one.id)
    await expect(connection.echo('anybody there?')).rejects.toThrow()
    expect(await own.echo('still there')).toBe('still there')
    expect(await reaches(two.guest, ip)).toBe(false)
    expect(await run('ip', ['route', 'show', ip])).toBe('')
    await expect(connected(ip, SERVICE)).rejects.toThrow('EHOSTUNREACH')
  })

  test('of another machine of the tenant is not mistaken for the former one', async () => {
    const { ip: first } = await networks.ensurePublicAddress(one.id, tenant)
    await using connection = await connected(first, SERVICE)
    await networks.releasePublicAddress(one.id)
    const { ip: second } = await networks.ensurePublicAddress(two.id, tenant)
    expect(second).not.toBe(first)
    expect(await answers(second)).toBe(true)
    await expect(connection.echo('anybody there?')).rejects.toThrow()
  })
})

describe.skipIf(process.getuid?.() !== 0)('a public address of a LAN', () => {
  const mark = randomBytes(3).toString('hex')
  const tenant = randomUUID()
  const hostSide = '198.51.100.1'
  const farSide = '198.51.100.2'
  const pools = [{ first: '198.51.100.10', last: '198.51.100.12' }]
  let networks: Networks
  let far: StandIn
  let one: PluggedIn
  let two: PluggedIn
  let third: PluggedIn
  let ip: string

  beforeAll(async () => {
    far = await StandIn.join(`lan-${mark}`, `l${mark}`, hostSide)
    await far.configure({ ip: farSide, prefix: 24, gateway: hostSide })
    // Somebody has the first address of the pool already.
    await far.ip('address add 198.51.100.10/24 dev eth0')
    await far.serve(SERVICE)
    networks = newNetworks(mark, pools)
    await networks.start()
    one = await plugIn(networks, mark, tenant)
    two = await plugIn(networks, mark, tenant)
    third = await plugIn(networks, mark, tenant)
    await one.guest.serve(SERVICE)
    ip = (await networks.ensurePublicAddress(one.id, tenant)).ip
  })

  afterAll(async () => {
    for (const machine of [one, two, third]) await machine.guest.unplug()
    await networks.destroy()
    await far.unplug()
  })

  test('is none that somebody else answers for, and that is said', async () => {
    expect(ip).toBe('198.51.100.11')
    expect(warnings.join()).toMatch(/198\.51\.100\.10 .*somebody on l\w+ answers for it/)
  })

  test('is found by the neighbours of the host, who are seen as who they are', async () => {
    expect(await far.greeting(ip, SERVICE)).toBe(`you are ${farSide}`)
    expect(await greetingOf(ip, SERVICE)).toMatch(/^you are/)
  })

  test('is what they see when the machine comes to them; without one they see the host', async () => {
    expect(await one.guest.greeting(farSide, SERVICE)).toBe(`you are ${ip}`)
    expect(await two.guest.greeting(farSide, SERVICE)).toBe(`you are ${hostSide}`)
  })

  test('opens nothing else', async () => {
    expect(await reaches(far, one.address.ip)).toBe(false)
  })

  test('is refused once all are taken, until one is released', async () => {
    expect(await networks.ensurePublicAddress(two.id, tenant)).toEqual({ ip: '198.51.100.12' })
    await expect(networks.ensurePublicAddress(third.id, tenant)).rejects.toThrow(CapacityError)
    await networks.releasePublicAddress(two.id)
    expect(await networks.ensurePublicAddress(third.id, tenant)).toEqual({ ip: '198.51.100.12' })
    await networks.releasePublicAddress(third.id)
  })

  test('is answered for no longer once it is released, or its machine is gone', async () => {
    const answered = () => run('ip', ['neighbour', 'show', 'proxy', 'dev', `l${mark}`])
    expect(await answered()).toContain(ip)
    await networks.removeTap(one.id)
    expect(await answered()).toBe('')
    await networks.releasePublicAddress(one.id)
    expect(await reaches(far, ip)).toBe(false)
  })

  test('is answered for until it is released, and then no longer, when its pool was taken away', async () => {
    const answered = () => run('ip', ['neighbour', 'show', 'proxy', 'dev', `l${mark}`])
    const { ip: left } = await networks.ensurePublicAddress(two.id, tenant)
    networks = newNetworks(mark, [{ first: '203.0.113.7', last: '203.0.113.7' }])
    await networks.start()
    expect(await answered()).toContain(left)
    await networks.releasePublicAddress(two.id)
    expect(await answered()).toBe('')
    networks = newNetworks(mark, pools)
    await networks.start()
  })

  test('must not be one that machines have among themselves', async () => {
    const { gateway } = one.address
    const overlapping = newNetworks(mark, [{ first: gateway, last: gateway }])
    await expect(overlapping.start()).rejects.toThrow(EngineError)
  })
})
