/** `garrison operator accounts`: who uses the installation, and what they may. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { humanAge, humanMoney } from '../../units.ts'

export const defineAccounts: Define = (operator, run) => {
  operator
    .command('accounts')
    .description('List accounts: what they have left, what they use, what they have.')
    .option('--search <text>', 'only those with this in name, address or id')
    .option(...limitOption)
    .addHelpText('after', examples('operator accounts --search acme'))
    .action(
      run((cloud, { limit, ...filters }) =>
        showList(cloud, cloud.garrison.operator.listAccounts(filters), {
          limit,
          none: 'No accounts.',
          columns: [
            ['ID', ({ id }) => id],
            ['NAME', ({ name }) => name],
            ['E-MAIL', ({ email }) => email],
            ['BALANCE', (row) => humanMoney(row.balance, row.currency), 'right'],
            ['PER HOUR', (row) => humanMoney(row.burn_rate, row.currency), 'right'],
            ['RUNNING', ({ counts }) => `${counts.running} of ${counts.instances}`, 'right'],
            ['STATE', ({ suspended, stage }) => (suspended === null ? stage : 'suspended')],
            ['ACTIVE', ({ last_activity_at }) => humanAge(last_activity_at)],
          ],
        }),
      ),
    )
  operator
    .command('account <id>')
    .description('Show all that is known of an account.')
    .addHelpText('after', examples('operator account BRK-100200U'))
    .action(
      run(async (cloud, id: string) =>
        showThing(cloud, (await cloud.garrison.operator.getAccount(id)).account),
      ),
    )
  operator
    .command('suspend <id>')
    .description('Refuse whatever an account asks for. Its machines go on, unless --stop.')
    .requiredOption('--reason <words>', 'why; the account is told')
    .option('--stop', 'stop its machines too')
    .addHelpText('after', examples('operator suspend BRK-100200U --reason "unpaid invoice"'))
    .action(
      run(async (cloud, id: string, { reason, stop }) => {
        await confirmLoss(cloud, `Suspend ${id}${stop ? ' and stop its machines' : ''}?`)
        const answer = await cloud.garrison.operator.changeAccount(id, {
          suspended: true,
          reason,
          stop,
        })
        if (cloud.json) cloud.terminal.printJson(answer.account)
        else cloud.terminal.print(`${answer.account.name} is suspended.`)
      }),
    )
  operator
    .command('unsuspend <id>')
    .description('Let a suspended account in again.')
    .addHelpText('after', examples('operator unsuspend BRK-100200U'))
    .action(
      run(async (cloud, id: string) => {
        const answer = await cloud.garrison.operator.changeAccount(id, { suspended: false })
        if (cloud.json) cloud.terminal.printJson(answer.account)
        else cloud.terminal.print(`${answer.account.name} may go on.`)
      }),
    )
}
