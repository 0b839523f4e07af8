/** `garrison policy`: snapshots that are taken, and thinned out, by themselves. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { collect, type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { idOf, idsOf } from '../../cloud/things.ts'
import { parseCount } from '../../options.ts'
import { humanAge } from '../../units.ts'

const frequencies = ['hourly', 'daily', 'weekly', 'monthly'] as const

export const define: Define = (policy, run) => {
  policy
    .command('list')
    .description('List your snapshot policies.')
    .option('--search <text>', 'only those with this in their name')
    .option(...limitOption)
    .addHelpText('after', examples('policy list'))
    .action(
      run((cloud, { limit, ...filters }) =>
        showList(cloud, cloud.garrison.policies.list(filters), {
          limit,
          none: 'No policies. Make one: ./garrison policy create NAME --daily 7 --instance NAME',
          columns: [
            ['NAME', ({ name }) => name],
            ['ID', ({ id }) => id],
            ...frequencies.map(
              (each) => [each.toUpperCase(), (row: Counts) => row[each], 'right'] as const,
            ),
            ['INSTANCES', ({ instances }) => instances.map((row) => row.vm_name).join(', ')],
          ],
        }),
      ),
    )
  policy
    .command('show <policy>')
    .description('Show a policy, and when it takes the next snapshots.')
    .addHelpText('after', examples('policy show nightly'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'policy', name)
        showThing(cloud, (await cloud.garrison.policies.get(id)).policy)
      }),
    )

  for (const verb of ['create', 'change'] as const) {
    const command = policy
      .command(verb === 'create' ? 'create <name>' : 'change <policy>')
      .description(
        verb === 'create'
          ? 'Take snapshots from now on.'
          : 'Change a policy; what is left out stays. Fewer to keep means that some go.',
      )
    for (const each of frequencies) {
      command.option(`--${each} <number>`, `keep so many ${each} ones`, parseCount)
    }
    command
      .option('--instance <instances>', 'of these, several with commas', collect)
      .option('--offset <minutes>', 'so late in each period', parseCount)
      .option('--description <text>', 'for people')
      .addHelpText(
        'after',
        examples(
          verb === 'create'
            ? 'policy create nightly --daily 7 --weekly 4 --instance web-1,web-2'
            : 'policy change nightly --daily 14',
        ),
      )
      .action(
        run(async (cloud, name: string, { instance, offset, description, ...counts }) => {
          const wanted = {
            ...(counts as Partial<Counts>),
            description,
            offset_minutes: offset,
            ...(instance && { instance_ids: await idsOf(cloud, 'instance', instance) }),
          }
          const { policies } = cloud.garrison
          const answer =
            verb === 'create'
              ? await policies.create({ name, ...wanted })
              : await policies.change(await idOf(cloud, 'policy', name), wanted)
          if (cloud.json) cloud.terminal.printJson(answer.policy)
          else cloud.terminal.print(`${answer.policy.name} is ${verb}d as ${answer.policy.id}.`)
        }),
      )
  }

  policy
    .command('preview <policy>')
    .description('Show which snapshots stay, which go, and why.')
    .addHelpText('after', examples('policy preview nightly'))
    .action(
      run(async (cloud, name: string) => {
        const answer = await cloud.garrison.policies.preview(await idOf(cloud, 'policy', name))
        if (cloud.json) return cloud.terminal.printJson(answer)
        const rows = answer.instances.flatMap(({ vm_name, snapshots }) =>
          snapshots.map((snapshot) => ({ vm_name, ...snapshot })),
        )
        await showList(cloud, rows, {
          none: 'It has taken none yet.',
          columns: [
            ['INSTANCE', ({ vm_name }) => vm_name],
            ['SNAPSHOT', (row) => row.name],
            ['TAKEN', ({ created_at }) => humanAge(created_at)],
            ['', ({ keep }) => (keep ? 'stays' : 'goes')],
            ['WHY', ({ reasons }) => reasons.join('; ')],
          ],
        })
      }),
    )
  policy
    .command('delete <policy>')
    .description('Delete a policy. Its snapshots stay.')
    .addHelpText('after', examples('policy delete nightly'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'policy', name)
        await confirmLoss(cloud, `Delete ${name}? No further snapshots are taken by it.`)
        const answer = await cloud.garrison.policies.delete(id)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${name} is deleted; its snapshots stay.`)
      }),
    )
}

type Counts = Record<(typeof frequencies)[number], number>
