/** `garrison snapshot`: points in time of a machine. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption, withWait } from '../../cloud/noun.ts'
import { settle } from '../../cloud/settle.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { idOf, idsOf } from '../../cloud/things.ts'
import { humanAge } from '../../units.ts'
import { defineTransfer } from './transfer.ts'

export const define: Define = (snapshot, run) => {
  snapshot
    .command('list')
    .description('List your snapshots.')
    .option('--region <name>', 'only those of this region')
    .option('--search <text>', 'only those with this in their name')
    .option(...limitOption)
    .addHelpText('after', examples('snapshot list', 'snapshot list --search upgrade'))
    .action(
      run((cloud, { limit, ...filters }) =>
        showList(cloud, cloud.garrison.snapshots.list(filters), {
          limit,
          none: 'No snapshots. Take one: ./garrison snapshot create INSTANCE NAME',
          columns: [
            ['NAME', ({ name }) => name],
            ['ID', ({ id }) => id],
            ['STATUS', ({ status }) => status],
            ['OF', ({ vm_name }) => vm_name],
            ['REGION', ({ region }) => region],
            ['SIZE', ({ size_gb }) => `${size_gb} GB`, 'right'],
            ['', ({ pinned, memory }) => kindsOf({ pinned, memory })],
            ['TAKEN', ({ created_at }) => humanAge(created_at)],
          ],
        }),
      ),
    )

  snapshot
    .command('show <snapshot>')
    .description('Show all that is known of a snapshot.')
    .addHelpText('after', examples('snapshot show before-upgrade'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'snapshot', name)
        showThing(cloud, (await cloud.garrison.snapshots.get(id)).snapshot)
      }),
    )

  withWait(snapshot.command('create <instance> <name>'))
    .description('Take a snapshot of an instance, which goes on.')
    .option('--memory', 'with its memory: a copy goes on where it was')
    .option('--description <text>', 'for people')
    .option('--image', 'and make an image of the same name from it')
    .addHelpText('after', examples('snapshot create web-1 before-upgrade'))
    .action(
      run(async (cloud, instance: string, name: string, options) => {
        const { garrison, terminal, json } = cloud
        const answer = await garrison.snapshots.create({
          instance_id: await idOf(cloud, 'instance', instance),
          name,
          description: options.description,
          memory: options.memory,
          create_as_image: options.image,
        })
        const { id } = answer.snapshot
        if (options.wait) await settle(cloud, id, `Taking ${name} of ${instance}`)
        const { snapshot } = options.wait ? await garrison.snapshots.get(id) : answer
        if (json) terminal.printJson(snapshot)
        else terminal.print(`${name} is ${options.wait ? 'taken' : snapshot.status} as ${id}.`)
      }),
    )

  snapshot
    .command('restore <snapshot> <new-name>')
    .description('Make a new instance of a snapshot.')
    .addHelpText('after', examples('snapshot restore before-upgrade web-2'))
    .action(
      run(async (cloud, name: string, newName: string) => {
        const { garrison, terminal, json } = cloud
        const id = await idOf(cloud, 'snapshot', name)
        using _ = terminal.progress(`Restoring ${name} as ${newName}`)
        const { data } = await garrison.snapshots.restore(id, { new_vm_name: newName })
        if (json) terminal.printJson(data)
        else terminal.print(`${newName} is ${data.status} as ${data.instance_id}.`)
      }),
    )

  for (const pinned of [true, false]) {
    const verb = pinned ? 'pin' : 'unpin'
    snapshot
      .command(`${verb} <snapshot>`)
      .description(pinned ? 'Let nobody delete a snapshot.' : 'Let it be deleted again.')
      .addHelpText('after', examples(`snapshot ${verb} before-upgrade`))
      .action(
        run(async (cloud, name: string) => {
          const id = await idOf(cloud, 'snapshot', name)
          const answer = await cloud.garrison.snapshots.pin(id, { pinned })
          if (cloud.json) cloud.terminal.printJson(answer.snapshot)
          else cloud.terminal.print(`${answer.snapshot.name} is ${verb}ned.`)
        }),
      )
  }

  withWait(snapshot.command('delete <snapshots...>'))
    .description('Delete snapshots. What was made of them stays.')
    .addHelpText('after', examples('snapshot delete before-upgrade'))
    .action(
      run(async (cloud, names: string[], { wait }) => {
        const ids = await idsOf(cloud, 'snapshot', names)
        await confirmLoss(cloud, `Delete ${names.join(', ')} for good?`)
        for (const [index, id] of ids.entries()) {
          const answer = await cloud.garrison.snapshots.delete(id)
          if (wait) await settle(cloud, id, `Deleting ${names[index]}`)
          if (cloud.json) cloud.terminal.printJson(answer)
          else cloud.terminal.print(`${names[index]} is ${wait ? 'deleted' : 'being deleted'}.`)
        }
      }),
    )

  defineTransfer(snapshot, run)
}

function kindsOf({ pinned, memory }: { pinned: boolean; memory: boolean }) {
  return [pinned ? 'pinned' : '', memory ? 'with memory' : ''].filter(Boolean).join(', ') || ' '
}
