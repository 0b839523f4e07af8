/** `garrison firewall`: sets of rules that any number of machines share. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { idOf, idsOf } from '../../cloud/things.ts'
import { humanAge } from '../../units.ts'
import { defineRules } from './rules.ts'

export const define: Define = (firewall, run) => {
  firewall
    .command('list')
    .description('List your firewalls.')
    .option('--region <name>', 'only those of this region')
    .option('--search <text>', 'only those with this in their name')
    .option(...limitOption)
    .addHelpText('after', examples('firewall list'))
    .action(
      run((cloud, { limit, ...filters }) =>
        showList(cloud, cloud.garrison.firewalls.list(filters), {
          limit,
          none: 'No firewalls. Make one: ./garrison firewall create NAME --region REGION',
          columns: [
            ['NAME', ({ name }) => name],
            ['ID', ({ id }) => id],
            ['STATUS', ({ status }) => status],
            ['REGION', ({ region }) => region],
            ['RULES', ({ rule_count }) => rule_count, 'right'],
            ['ON', ({ attachment_count }) => attachment_count, 'right'],
            ['CREATED', ({ created_at }) => humanAge(created_at)],
          ],
        }),
      ),
    )
  firewall
    .command('show <firewall>')
    .description('Show a firewall; its rules: "garrison firewall rule list".')
    .addHelpText('after', examples('firewall show web'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'firewall', name)
        const { success, message, request_id, ...answer } = await cloud.garrison.firewalls.get(id)
        showThing(cloud, answer.firewall)
      }),
    )
  firewall
    .command('create <name>')
    .description('Make a firewall, without rules: nothing gets in by it yet.')
    .requiredOption('--region <name>', 'where')
    .option('--description <text>', 'for people')
    .addHelpText('after', examples('firewall create web --region LOCAL-1'))
    .action(
      run(async (cloud, name: string, { region, description }) => {
        const answer = await cloud.garrison.firewalls.create({ name, region, description })
        if (cloud.json) return cloud.terminal.printJson(answer.firewall)
        cloud.terminal.print(`${name} is made as ${answer.firewall.id}.`)
        cloud.terminal.print(`Let something in: ./garrison firewall rule add ${name} --port 22`)
      }),
    )
  for (const action of ['attach', 'detach'] as const) {
    firewall
      .command(`${action} <firewall> <instances...>`)
      .description(
        action === 'attach'
          ? 'Let its rules hold for these instances.'
          : 'Let its rules hold for these instances no longer.',
      )
      .addHelpText('after', examples(`firewall ${action} web web-1`))
      .action(
        run(async (cloud, name: string, instances: string[]) => {
          const id = await idOf(cloud, 'firewall', name)
          const instance_ids = await idsOf(cloud, 'instance', instances)
          const answer = await cloud.garrison.firewalls[action](id, { instance_ids })
          if (cloud.json) return cloud.terminal.printJson(answer)
          for (const { instance_id, message } of answer.failed) {
            cloud.terminal.problem(`${instance_id}: ${message}`)
          }
          const done = instances.length - answer.failed.length
          cloud.terminal.print(
            `${name} is ${action}ed ${action === 'attach' ? 'to' : 'from'} ${done}.`,
          )
          return answer.failed.length === 0 ? 0 : 1
        }),
      )
  }
  firewall
    .command('delete <firewall>')
    .description('Delete a firewall.')
    .option('--force', 'also while instances have it: they lose its rules')
    .addHelpText('after', examples('firewall delete web'))
    .action(
      run(async (cloud, name: string, { force }) => {
        const id = await idOf(cloud, 'firewall', name)
        await confirmLoss(cloud, `Delete ${name} and its rules?`)
        const answer = await cloud.garrison.firewalls.delete(id, { force })
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${name} is deleted.`)
      }),
    )

  const rule = firewall.command('rule').description('What gets through a firewall.')
  defineRules(rule.helpCommand('help [command]', 'Show help for a command.'), run)
}
