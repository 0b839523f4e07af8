/** `garrison firewall rule`. */
import { InvalidArgumentError } from 'commander'
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { idOf } from '../../cloud/things.ts'

type Ports = { readonly first: number; readonly last: number }

export const defineRules: Define = (rule, run) => {
  rule
    .command('list <firewall>')
    .description('List the rules of a firewall.')
    .addHelpText('after', examples('firewall rule list web'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'firewall', name)
        const { firewall } = await cloud.garrison.firewalls.get(id)
        await showList(cloud, firewall.rules, {
          none: `No rules: nothing gets in by it. Add one: ./garrison firewall rule add ${name} --port 22`,
          columns: [
            ['ID', (row) => row.id],
            ['STATUS', ({ status }) => status],
            ['WAY', ({ direction }) => (direction === 'ingress' ? 'in' : 'out')],
            ['PROTOCOL', ({ protocol, ethertype }) => `${protocol} ${ethertype}`],
            ['PORTS', (row) => portsText(row.port_range_min, row.port_range_max)],
            ['WITH', ({ remote_ip_prefix }) => remote_ip_prefix],
          ],
        })
      }),
    )
  rule
    .command('add <firewall>')
    .description('Let something through.')
    .option('--port <port[-port]>', 'to these ports', parsePorts)
    .option('--protocol <name>', 'tcp, udp, icmp, any, …', 'tcp')
    .option('--from <network>', 'what may come in from there (default: 0.0.0.0/0)')
    .option('--to <network>', 'what may go out there, instead')
    .addHelpText(
      'after',
      examples(
        'firewall rule add web --port 22 --from 192.0.2.0/24',
        'firewall rule add web --port 8000-8100',
        'firewall rule add web --protocol icmp',
      ),
    )
    .action(
      run(async (cloud, name: string, options) => {
        const { port, protocol, from, to } = options
        const ports = port as Ports | undefined
        const id = await idOf(cloud, 'firewall', name)
        const network = to ?? from ?? '0.0.0.0/0'
        const answer = await cloud.garrison.firewalls.addRule(id, {
          direction: to === undefined ? 'ingress' : 'egress',
          ethertype: network.includes(':') ? 'IPv6' : 'IPv4',
          protocol,
          remote_ip_prefix: network,
          ...(ports && { port_range_min: ports.first, port_range_max: ports.last }),
        })
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`The rule is added to ${name}.`)
      }),
    )
  rule
    .command('remove <firewall> <rule-id>')
    .description('Let it through no longer; connections are cut.')
    .addHelpText('after', examples('firewall rule remove web 12345'))
    .action(
      run(async (cloud, name: string, ruleId: string) => {
        const id = await idOf(cloud, 'firewall', name)
        await confirmLoss(cloud, `Remove rule ${ruleId} of ${name}, and cut what it lets through?`)
        const answer = await cloud.garrison.firewalls.removeRule(id, ruleId)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print('The rule is removed.')
      }),
    )
}

function parsePorts(text: string): Ports {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const sound = (port: string) => port !== '' && Number(port) >= 1 && Number(port) <= 65_535
  if (sound(first) && sound(last)) return { first: Number(first), last: Number(last) }
  throw new InvalidArgumentError('Give a port such as 22, or a range such as 8000-8100.')
}

function portsText(first: number | null, last: number | null) {
  if (first === null) return 'all'
  return first === last ? String(first) : `${first}–${last}`
}
