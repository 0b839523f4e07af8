/**
 * A network namespace at the other end of a machine's tap, in the place of a guest. QEMU without a
 * machine is the cable: it opens the tap as the user it belongs to, like a real one does, and passes
 * every frame to a second tap, which moves into the namespace as `eth0`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { vi } from 'vitest'
import type { Address } from '../../../engine.ts'
import { run } from '../run.ts'

export class StandIn {
  readonly netns: string
  readonly #cable: ChildProcess | null
  readonly #children: ChildProcess[] = []

  private constructor(netns: string, cable: ChildProcess | null) {
    this.netns = netns
    this.#cable = cable
  }

  /** With the machine's MAC, without an address: that is for DHCP. */
  static async plug(
    name: string,
    { netns, tap }: { netns: string; tap: string },
    uid: number,
    mac: string,
  ): Promise<StandIn> {
    const end = tap.replace('tap', 'cable')
    await inNetns(netns, [`tuntap add dev ${end} mode tap user ${uid}`, `link set ${end} up`])
    const cable = spawn('ip', [
      ...['netns', 'exec', netns, 'setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'],
      ...['qemu-system-x86_64', '-M', 'none', '-nodefaults', '-no-user-config', '-display', 'none'],
      ...port('machine', tap),
      ...port('guest', end),
    ])
    await vi.waitFor(async () => {
      const links = await run('ip', ['-netns', netns, '-brief', 'link', 'show', 'up'])
      for (const link of [tap, end])
        if (!new RegExp(`^${link} .*LOWER_UP`, 'm').test(links)) throw new Error(`${link} is down`)
    }, 5_000)
    await run('ip', ['netns', 'add', name])
    await inNetns(netns, [`link set ${end} netns ${name} name eth0 address ${mac}`])
    await inNetns(name, ['link set lo up', 'link set eth0 up'])
    return new StandIn(name, cable)
  }

  /** Somebody beyond the host: joined to it by a link with an address of the host's. */
  static async join(name: string, hostLink: string, hostAddress: string): Promise<StandIn> {
    await run('ip', ['netns', 'add', name])
    const commands = [
      `link add ${hostLink} type veth peer name eth0 netns ${name}`,
      `address add ${hostAddress}/24 dev ${hostLink}`,
      `link set ${hostLink} up`,
    ]
    await run('ip', ['-batch', '-'], commands.join('\n'))
    await inNetns(name, ['link set lo up', 'link set eth0 up'])
    return new StandIn(name, null)
  }

  async unplug(): Promise<void> {
    for (const child of this.#children) await end(child)
    if (this.#cable !== null) await end(this.#cable)
    await run('ip', ['netns', 'delete', this.netns])
  }

  /** Commands of `ip`. */
  ip(...commands: string[]): Promise<void> {
    return inNetns(this.netns, commands)
  }

  async dhcp(mac: string): Promise<{ ip: string; router: string; dns: string; server: string }> {
    // A kernel without a route refuses to send, even to everybody.
    await this.ip('address flush dev eth0', 'route replace default dev eth0')
    const answer = await run('ip', this.#node('dhcp-client.ts', mac))
    return JSON.parse(answer)
  }

  /** As a DHCP client leaves it. */
  async configure({
    ip,
    prefix,
    gateway,
  }: Pick<Address, 'ip' | 'prefix' | 'gateway'>): Promise<void> {
    await this.ip(
      `address replace ${ip}/${prefix} dev eth0`,
      `route replace default via ${gateway}`,
    )
  }

  /** Greets and echoes; see echo-server.ts. */
  async serve(port: number, host = '0.0.0.0'): Promise<void> {
    const child = spawn('ip', this.#node('echo-server.ts', String(port), host))
    this.#children.push(child)
    await once(child.stdout, 'data')
  }

  /** What a service that is connected to says first; fails when it says nothing for 2 s. */
  greeting(host: string, port: number): Promise<string> {
    return this.script(
      `const socket = require('node:net').connect(${port}, '${host}')
       socket.setTimeout(2000, () => socket.destroy(new Error('silence')))
       socket.once('data', (data) => { console.log(String(data).trim()); socket.destroy() })`,
    )
  }

  /** Tries until `heard` comes true, whatever becomes of the attempt. */
  async tries(program: string, heard: () => Promise<void>): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', this.netns, process.execPath, '-e', program], {
      stdio: 'ignore',
    })
    try {
      await vi.waitFor(heard, { timeout: 5_000, interval: 20 })
    } finally {
      await end(child)
    }
  }

  triesToConnect(host: string, port: number, heard: () => Promise<void>): Promise<void> {
    return this.tries(
      `require('node:net').connect(${port}, '${host}').on('error', () => {}); setTimeout(() => {}, 10_000)`,
      heard,
    )
  }

  async script(program: string): Promise<string> {
    return (await run('ip', ['netns', 'exec', this.netns, process.execPath, '-e', program])).trim()
  }

  #node(script: string, ...args: string[]): string[] {
    return [
      ...['netns', 'exec', this.netns, process.execPath, join(import.meta.dirname, script)],
      ...args,
    ]
  }
}

export async function inNetns(netns: string, commands: readonly string[]): Promise<void> {
  await run('ip', ['-netns', netns, '-batch', '-'], commands.join('\n'))
}

function port(id: string, tap: string): string[] {
  return [
    ...['-netdev', `tap,id=${id},ifname=${tap},script=no,downscript=no`],
    ...['-netdev', `hubport,id=hub-${id},hubid=0,netdev=${id}`],
  ]
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
