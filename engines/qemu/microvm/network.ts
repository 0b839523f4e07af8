/**
 * The network of a microVM: a namespace with a routed tap, in which the machine always has the same address, and
 * a translation one to one to an address that only it has. Copies of a machine believe that they are one, so
 * no two may ever be on one link. It is made before there is a machine, with everything shut.
 */
import { readFile } from 'node:fs/promises'
import { type EgressPolicy, EngineError } from '../../engine.ts'
import { readResolvers } from '../network/resolvers.ts'
import { applyRuleSet, runIn } from '../network/rules/rule-set.ts'
import { run } from '../network/run.ts'
import { killAndWait, lookAt } from '../process/processes.ts'
import { readFolderIfThere } from '../records/durable-files.ts'
import {
  allowedNames,
  asksNames,
  egressRules,
  GATEWAY_MAC,
  INNER_GATEWAY,
  NAMES_SET,
  namesOf,
  SHUT_RULES,
  SHUT_TABLE,
} from './egress.ts'
import { numberIn, type SlotLayout, TAP, UPLINK } from './layout.ts'

/** Of what fails only this is for tenants to read: command lines name the host's resolvers. */
async function inWords(what: string, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (cause) {
    throw new EngineError(`${what}; the server's log says why`, { cause })
  }
}

/**
 * Twice is once.
 * @param uid Who may open the tap.
 * @param isShut Whatever the machine sends is dropped until {@link openNetwork}.
 */
export function makeNetwork(
  slot: SlotLayout,
  uid: number,
  policy: EgressPolicy,
  isShut = false,
): Promise<void> {
  const made = make(slot, uid, policy, isShut)
  return inWords('The network of a microVM could not be made', made)
}

async function make(slot: SlotLayout, uid: number, policy: EgressPolicy, isShut: boolean) {
  const { netns, hostLink, address, host } = slot
  await removeNetwork(slot)
  await run('ip', ['netns', 'add', netns])
  const inside = [
    ...['link set lo up', `tuntap add dev ${TAP} mode tap user ${uid}`],
    // Copies go on with what they knew of their gateway.
    `link set ${TAP} address ${GATEWAY_MAC}`,
    ...[`link set ${TAP} up`, `address add ${INNER_GATEWAY}/30 dev ${TAP}`],
    `link add ${UPLINK} type veth peer name ${hostLink} netns 1`,
    ...[`link set ${UPLINK} up`, `address add ${address}/32 dev ${UPLINK}`],
    ...[`route add ${host}/32 dev ${UPLINK}`, `route add default via ${host} dev ${UPLINK}`],
  ]
  await run('ip', ['-netns', netns, '-batch', '-'], inside.join('\n'))
  const outside = [
    `link set ${hostLink} up`,
    `address add ${host}/32 dev ${hostLink}`,
    `route add ${address}/32 dev ${hostLink}`,
  ]
  await run('ip', ['-batch', '-'], outside.join('\n'))
  const forwards = 'echo 1 > /proc/sys/net/ipv4/ip_forward; exec nft -f -'
  const text = egressRules(policy, address).text + (isShut ? SHUT_RULES : '')
  await run('ip', ['netns', 'exec', netns, 'sh', '-c', forwards], text)
  if (asksNames(policy)) await startDns(slot, policy)
}

/** The policy alone decides from here on. */
export async function openNetwork({ netns }: SlotLayout): Promise<void> {
  const opened = runIn(netns, 'nft', ['delete', 'table', ...SHUT_TABLE.split(' ')])
  await inWords('The network of a microVM could not be opened', opened)
}

/** From here on, also for what is under way. */
export function applyPolicy(slot: SlotLayout, policy: EgressPolicy): Promise<void> {
  return inWords("A microVM's network policy could not be put in force", apply(slot, policy))
}

async function apply(slot: SlotLayout, policy: EgressPolicy): Promise<void> {
  await applyRuleSet(slot.netns, egressRules(policy, slot.address))
  await stopDns(slot)
  if (asksNames(policy)) await startDns(slot, policy)
}

/**
 * Answers when names can be asked for: dnsmasq goes into the background only then. It ends when its namespace's
 * processes are ended; see {@link removeNetwork}.
 */
async function startDns({ netns }: SlotLayout, policy: EgressPolicy): Promise<void> {
  const resolvers = await readResolvers()
  const names = namesOf(policy)
  const asked = resolvers.flatMap((server) =>
    names === null ? [`--server=${server}`] : names.map((name) => `--server=/${name}/${server}`),
  )
  const allowed = allowedNames(policy)
  await runIn(netns, 'dnsmasq', [
    ...['--conf-file=/dev/null', '--pid-file=', '--user=nobody', '--bind-interfaces'],
    // Nor does it say of itself which resolvers the host has (servers.bind).
    ...['--no-resolv', '--no-hosts', '--no-ident', `--listen-address=${INNER_GATEWAY}`],
    ...['--cache-size=200', '--filter-AAAA', ...asked],
    // What a name may lead to is for the rules to say: private addresses are refused before names count.
    ...(allowed.length > 0 ? [`--nftset=/${allowed.join('/')}/${NAMES_SET}`] : []),
  ])
}

async function stopDns({ netns }: SlotLayout): Promise<void> {
  for (const pid of await processesIn(netns, 'dnsmasq')) {
    const process = await lookAt(pid)
    // Its address is free for the next one when it is gone.
    if (process !== null) await killAndWait(process)
  }
}

/** Whoever uses it has ended. */
export async function removeNetwork(slot: SlotLayout): Promise<void> {
  if (!(await readFolderIfThere('/run/netns')).includes(slot.netns)) return
  await stopDns(slot)
  // The veth pair goes with the namespace.
  await run('ip', ['netns', 'delete', slot.netns])
}

/** Slots of which the host has anything. */
export async function slotsOnHost(mark: string): Promise<number[]> {
  const names = await readFolderIfThere('/run/netns')
  return names.map((name) => numberIn(name, mark)).filter((number) => number !== null)
}

async function processesIn(netns: string, program: string): Promise<number[]> {
  const pids = await run('ip', ['netns', 'pids', netns])
  const found: number[] = []
  for (const pid of pids.split('\n').filter(Boolean))
    if ((await commandOf(pid)).includes(program)) found.push(Number(pid))
  return found
}

async function commandOf(pid: string): Promise<string> {
  return readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
}
