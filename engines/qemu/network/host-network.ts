/** What all networks of an installation share on the host: its tools, forwarding, one table of rules. */
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { EngineError } from '../../engine.ts'
import { isMissing } from '../records/durable-files.ts'
import {
  formatRange,
  hostOnlyPool,
  linkPrefix,
  netnsPrefix,
  networkOf,
  runFolder,
  tableOf,
} from './addresses/layout.ts'
import { type Cidr, formatCidr } from './addresses/subnets.ts'
import { readResolvers } from './resolvers.ts'
import { hostRules, type PublicAddress } from './rules/host.ts'
import { appliedHash, applyRuleSet } from './rules/rule-set.ts'
import { tenantRules } from './rules/tenant.ts'
import { run, whichCommand } from './run.ts'

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: object,
) => void

const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base',
}

/** Throws {@link EngineError} saying what to install, or that it takes root. */
export async function requireHost(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new EngineError('Networks of machines are made by root: run this with sudo')
  const missing: string[] = []
  for (const [command, name] of Object.entries(PACKAGES))
    if ((await whichCommand(command)) === null) missing.push(name)
  if (missing.length > 0)
    throw new EngineError(
      `This host lacks what networks of machines need; install it with: apt-get install --yes ${missing.join(' ')}`,
    )
}

/**
 * The kernel understands the rules of a tenant: tried without any effect, since it would otherwise be
 * found out when the first machine is made.
 */
async function requireNftables(mark: string, subnet: Cidr): Promise<void> {
  const { text } = tenantRules(networkOf(mark, subnet, 0), [
    { machine: 2, rules: [], publicAddress: '192.0.2.1' },
  ])
  try {
    await run('nft', ['--check', '-f', '-'], text)
  } catch (cause) {
    throw new EngineError(
      `This kernel lacks a part of nftables that networks of machines need, such as the module ` +
        `nf_tables_bridge: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    )
  }
}

/** The host as a router of machines; what it lets through is {@link ensureHostRules}. */
export async function ensureHostNetwork(mark: string, subnet: Cidr, log: Log): Promise<void> {
  await requireNftables(mark, subnet)
  await ensureForwarding(log)
  await ensureTunDevice(log)
}

/** Rules that separate machines from the host, and from one another. */
export async function ensureHostRules(
  mark: string,
  subnet: Cidr,
  publicAddresses: readonly PublicAddress[],
): Promise<void> {
  const own = {
    installation: formatCidr(subnet),
    hostOnlyPool: formatRange(hostOnlyPool(subnet)),
  }
  const rules = hostRules(mark, own, publicAddresses)
  if ((await appliedHash(null, rules.table)) !== rules.hash) await applyRuleSet(null, rules)
}

/** What keeps machines from the internet, and is not for us to change. */
export async function warnOfHost(mark: string, log: Log): Promise<void> {
  await warnOfOtherFilters(mark, log)
  if ((await readResolvers()).length === 0)
    log(
      'warn',
      'Machines have no DNS: the name servers of this host are on its loopback address only. ' +
        'Name one that machines can reach in /etc/resolv.conf',
    )
}

/** @param mark Also fine when there are no rules of it. */
export async function removeHostRules(mark: string): Promise<void> {
  const table = `inet ${tableOf(mark)}`
  await run('nft', ['-f', '-'], `table ${table}\ndelete table ${table}\n`)
}

/** Numbers of all networks of which the host has anything that carries the mark. */
export async function networksOnHost(mark: string): Promise<Set<number>> {
  const places = [
    { folder: '/run/netns', prefix: netnsPrefix(mark) },
    { folder: '/sys/class/net', prefix: linkPrefix(mark) },
    { folder: runFolder(mark), prefix: '' },
  ]
  const numbers = await Promise.all(
    places.map(async ({ folder, prefix }) =>
      (await entries(folder))
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .filter((rest) => /^\d{1,3}$/.test(rest))
        .map(Number),
    ),
  )
  return new Set(numbers.flat())
}

async function ensureForwarding(log: Log): Promise<void> {
  const path = '/proc/sys/net/ipv4/ip_forward'
  if ((await readFile(path, 'utf8')).trim() !== '0') return
  await writeFile(path, '1')
  log(
    'info',
    'This host forwards IPv4 from now on, so that machines reach the internet. It stays so, as others ' +
      'may come to rely on it; to turn it off: sysctl net.ipv4.ip_forward=0',
  )
}

/**
 * Each QEMU opens its tap as a user without privileges, who must get as far as asking for it: the kernel
 * gives a tap to its owner only. Debian and Ubuntu let everybody ask, minimal hosts without udev do not.
 */
async function ensureTunDevice(log: Log): Promise<void> {
  const path = '/dev/net/tun'
  const { mode } = await stat(path).catch((cause) => {
    throw new EngineError(`${path} is missing: load the kernel's module with modprobe tun`, {
      cause,
    })
  })
  if ((mode & 0o006) === 0o006) return
  await chmod(path, 0o666)
  log('info', `${path} is open to all users from now on, as on Debian by default`)
}

const Ruleset = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().optional(),
        })
        .optional(),
    }),
  ),
})

/** Docker, ufw and firewalld refuse to forward by default. */
async function warnOfOtherFilters(mark: string, log: Log): Promise<void> {
  const { nftables } = Ruleset.parse(JSON.parse(await run('nft', ['-json', 'list', 'chains'])))
  for (const { chain } of nftables) {
    if (chain?.hook !== 'forward' || chain.policy !== 'drop' || chain.family === 'bridge') continue
    const where = `${chain.family} ${chain.table} ${chain.name}`
    const links = `"${linkPrefix(mark)}*"`
    log(
      'warn',
      `Another firewall of this host drops what it forwards (${where}). Unless it lets them through, ` +
        `machines do not reach the internet: nft insert rule ${where} iifname ${links} accept; ` +
        `nft insert rule ${where} oifname ${links} accept`,
    )
  }
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
