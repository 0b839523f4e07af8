/**
 * DHCP, DNS and IPv6's advertisements for a tenant's machines: one dnsmasq in its network namespace.
 *
 * It is a daemon, outlives the server and is adopted by the next one. Its leases and the name servers
 * that it asks stand in two files, which it reads again at SIGHUP. (A watched folder of leases would
 * notice new ones only, and costs an inotify instance each, of which a user may have 128.)
 */
import { mkdir, readdir, readFile, readlink, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Address } from '../../engine.ts'
import { EngineError } from '../../engine.ts'
import { readIfThere } from '../records/durable-files.ts'
import { hasIpv6 } from './addresses/ipv6.ts'
import { BRIDGE, type Network } from './addresses/layout.ts'
import { run } from './run.ts'

/** How long it may take to end before it is killed. */
const END_MS = 2_000
const POLL_MS = 5

/**
 * dnsmasq runs with exactly these leases and name servers.
 *
 * @param reload It may not have read what its files say, for instance because whoever wrote them died.
 */
export async function ensureDhcp(
  network: Network,
  machines: readonly Address[],
  resolvers: readonly string[],
  reload: boolean,
): Promise<void> {
  await mkdir(network.runFolder, { recursive: true, mode: 0o755 })
  const leases = machines.map(({ mac, ip }) => `${mac},${ip}\n`).join('')
  const servers = resolvers.map((resolver) => `server=${resolver}\n`).join('')
  const changed = [
    await writeChanged(leasesFile(network), leases),
    await writeChanged(serversFile(network), servers),
  ].includes(true)

  const argv = await dnsmasqArguments(network)
  const pid = await runningPid(network)
  if (pid !== null && (await hasArguments(pid, argv)) && (await isInside(pid, network))) {
    if (changed || reload) process.kill(pid, 'SIGHUP')
    return
  }
  if (pid !== null) await stopDhcp(network.runFolder)
  try {
    await startDnsmasq(network, argv)
  } catch {
    // One that lost its pid file may hold the port. If that was not it, the second try says so.
    await stopDhcp(network.runFolder)
    await startDnsmasq(network, argv)
  }
}

/** Answers when it is ready: dnsmasq goes into the background only then. */
async function startDnsmasq({ netns }: Network, argv: readonly string[]): Promise<void> {
  await run('ip', ['netns', 'exec', netns, 'setpriv', '--no-new-privs', ...argv])
}

/** Ends each dnsmasq whose files are in the folder, or below it. */
export async function stopDhcp(folder: string): Promise<void> {
  await Promise.all((await dnsmasqsOf(folder)).map(endProcess))
}

async function dnsmasqArguments(network: Network): Promise<string[]> {
  return [
    'dnsmasq',
    '--conf-file=/dev/null',
    `--pid-file=${pidFile(network.runFolder)}`,
    `--user=${await unprivilegedUser()}`,
    `--interface=${BRIDGE}`,
    '--except-interface=lo',
    '--bind-interfaces',
    '--no-hosts',
    '--no-resolv',
    `--servers-file=${serversFile(network)}`,
    `--dhcp-range=${network.subnet.replace(/\/\d+$/, '')},static,255.255.255.0,12h`,
    `--dhcp-hostsfile=${leasesFile(network)}`,
    `--dhcp-leasefile=${join(network.runFolder, 'given')}`,
    '--dhcp-authoritative',
    // Machines made from one snapshot claim to be the same client; their MACs differ.
    '--dhcp-ignore-clid',
    '--dhcp-ignore-names',
    '--quiet-dhcp',
    ...(hasIpv6 ? advertising(network) : []),
  ]
}

/**
 * Machines make their addresses of the prefix. None of them is on the link as far as they are told, so
 * that they send everything to the gateway, as the isolated ports of the bridge want it.
 */
function advertising({ ipv6 }: Network): string[] {
  return ['--enable-ra', `--dhcp-range=${ipv6.prefix},ra-only,off-link,64,12h`, '--quiet-ra']
}

function pidFile(folder: string): string {
  return join(folder, 'pid')
}

function leasesFile(network: Network): string {
  return join(network.runFolder, 'leases')
}

function serversFile(network: Network): string {
  return join(network.runFolder, 'servers')
}

let user: Promise<string> | null = null

/** Debian's `dnsmasq-base` brings a user of its own, others do not. */
function unprivilegedUser(): Promise<string> {
  user ??= readFile('/etc/passwd', 'utf8').then((passwd) =>
    /^dnsmasq:/m.test(passwd) ? 'dnsmasq' : 'nobody',
  )
  return user
}

/** Whether the content was another. Readable by dnsmasq, which has no privileges when it reads again. */
async function writeChanged(path: string, content: string): Promise<boolean> {
  if ((await readIfThere(path)) === content) return false
  await writeFile(`${path}.tmp`, content, { mode: 0o644 })
  await rename(`${path}.tmp`, path)
  return true
}

async function runningPid(network: Network): Promise<number | null> {
  const text = await readIfThere(pidFile(network.runFolder))
  return text !== null && /^\d+\n?$/.test(text) ? Number(text) : null
}

async function hasArguments(pid: number, argv: readonly string[]): Promise<boolean> {
  return (await commandLine(pid)) === `${argv.join('\0')}\0`
}

/** A namespace that was removed and made anew under a running dnsmasq is not the one it serves. */
async function isInside(pid: number, { netns }: Network): Promise<boolean> {
  try {
    const { ino } = await stat(`/run/netns/${netns}`)
    return (await readlink(`/proc/${pid}/ns/net`)) === `net:[${ino}]`
  } catch {
    return false
  }
}

/** Found by what they were started with: a pid file may never have been written, or be gone. */
async function dnsmasqsOf(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [command = '', ...args] = ((await commandLine(pid)) ?? '').split('\0')
      const isIts = (arg: string) =>
        arg === `--pid-file=${pidFile(folder)}` || arg.startsWith(`--pid-file=${folder}/`)
      return /(^|\/)dnsmasq$/.test(command) && args.some(isIts)
    }),
  )
  return pids.filter((_, index) => found[index])
}

async function endProcess(pid: number): Promise<void> {
  const before = await commandLine(pid)
  const isGone = async () => (await commandLine(pid)) !== before
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (await isGone()) return
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    for (let waited = 0; waited < END_MS; waited += POLL_MS) {
      if (await isGone()) return
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
  throw new EngineError(`The DHCP server with process id ${pid} does not end`, { retryable: true })
}

/** `null` when there is no such process; empty for one that has ended and was not waited for. */
async function commandLine(pid: number): Promise<string | null> {
  try {
    return await readFile(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return null
  }
}
