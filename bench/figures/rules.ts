/**
 * From asking for a change of a machine's rules to its effect on those who connect. The service is the
 * guest's SSH server: a rule for its port comes and goes, beside another one that keeps the machine closed.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { type Api, until } from '../api.ts'
import type { Door } from '../ssh.ts'
import { summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

const run = promisify(execFile)

/** A guest on the same host accepts in far less; whoever is not let in hears nothing. */
const attemptMs = 40

type Added = { security_rule: { id: string } }

/** @param given.instanceId A machine that runs, whose SSH server answers at `door`. */
export async function measureRules(
  api: Api,
  { instanceId, door, rounds }: { instanceId: string; door: Door; rounds: number },
): Promise<Measured[]> {
  const path = `/api/instances/${instanceId}/security-rules/`
  const allow = async (port: number) =>
    (await api.request<Added>('POST', path, ruleFor(port))).security_rule.id
  const remove = (rule: string) => api.request('DELETE', `${path}${rule}/`)

  const closing = await allow(9)
  await until(
    () => isOpen(door),
    (open) => !open,
  )
  const opened: number[] = []
  const closed: number[] = []
  const floors: number[] = []
  for (let round = 0; round < rounds; round++) {
    floors.push(await timed(bareRule))
    let rule = ''
    opened.push(
      await timed(async () => {
        rule = await allow(door.port)
        await until(() => isOpen(door), Boolean)
      }),
    )
    closed.push(
      await timed(async () => {
        await remove(rule)
        await until(
          () => isOpen(door),
          (open) => !open,
        )
      }),
    )
  }
  await remove(closing)
  await until(() => isOpen(door), Boolean)
  const floor = { ...summarize(floors), what: 'nft, one rule, a namespace of its own' }
  const note = `closed is known ${attemptMs} ms after a connection was not let in`
  return [
    { figure: 'rule to open port', unit: 'ms', value: summarize(opened), floor },
    { figure: 'rule gone to closed port', unit: 'ms', value: summarize(closed), floor, note },
  ]
}

const ruleFor = (port: number) => ({
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  remote_ip_prefix: '0.0.0.0/0',
  port_range_min: port,
  port_range_max: port,
})

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

async function isOpen({ host, port }: Door): Promise<boolean> {
  const socket = connect(port, host)
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(attemptMs) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** What the kernel and nft need for a rule on this host. */
async function bareRule(): Promise<void> {
  const rules = `add table inet bare; add chain inet bare forward { type filter hook forward priority 0; policy drop; }; add rule inet bare forward tcp dport 22 accept`
  await run('unshare', ['--net', 'nft', rules])
}
