/** `garrison operator`: hosts, accounts, operations and prices of the whole installation. */
import { type Define, examples } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { defineAccounts } from './accounts.ts'
import { defineOperations } from './operations.ts'
import { definePrices } from './prices.ts'

const free = ({ free, total }: { readonly free: number; readonly total: number }) =>
  `${free} of ${total}`

export const define: Define = (operator, run) => {
  operator
    .command('hosts')
    .description('List hosts: what is free, and what runs there.')
    .option('--region <name>', 'only those of this region')
    .addHelpText('after', examples('operator hosts'))
    .action(
      run(async (cloud, { region }) => {
        const { hosts } = await cloud.garrison.operator.listHosts({ region })
        await showList(cloud, hosts, {
          none: 'There are no hosts.',
          columns: [
            ['REGION', (host) => host.region],
            ['HOST', ({ name }) => name],
            ['STATE', ({ present, drained }) => stateOf(present, drained !== null)],
            ['VCPUS FREE', ({ capacity }) => free(capacity.vcpus), 'right'],
            ['GB FREE', ({ capacity }) => free(capacity.memory_gb), 'right'],
            ['DISK FREE', ({ capacity }) => free(capacity.disk_gb), 'right'],
            ['MACHINES', ({ machines }) => countsOf(machines)],
          ],
        })
      }),
    )
  operator
    .command('host <region> <host>')
    .description('Show a host, and who holds what of it.')
    .addHelpText('after', examples('operator host LOCAL-1 host-1'))
    .action(
      run(async (cloud, region: string, host: string) => {
        const { success, message, request_id, ...answer } = await cloud.garrison.operator.getHost(
          region,
          host,
        )
        showThing(cloud, answer)
      }),
    )
  operator
    .command('drain <region> <host>')
    .description('Place nothing new on a host. What is there goes on.')
    .requiredOption('--reason <words>', 'why; for others who run this')
    .addHelpText('after', examples('operator drain LOCAL-1 host-1 --reason "new disks"'))
    .action(
      run(async (cloud, region: string, host: string, { reason }) => {
        const answer = await cloud.garrison.operator.drainHost(region, host, { reason })
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`Nothing new is placed on ${host} of ${region}.`)
      }),
    )
  operator
    .command('undrain <region> <host>')
    .description('Let a host take machines again.')
    .addHelpText('after', examples('operator undrain LOCAL-1 host-1'))
    .action(
      run(async (cloud, region: string, host: string) => {
        const answer = await cloud.garrison.operator.undrainHost(region, host)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${host} of ${region} takes machines again.`)
      }),
    )
  defineAccounts(operator, run)
  defineOperations(operator, run)
  definePrices(operator, run)
}

function stateOf(present: boolean, drained: boolean) {
  if (!present) return 'error'
  return drained ? 'drained' : 'active'
}

const countsOf = (machines: Readonly<Record<string, number | undefined>>) =>
  Object.entries(machines)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')
