/** `garrison image`: what new machines may begin as. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption, withWait } from '../../cloud/noun.ts'
import { settle } from '../../cloud/settle.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { idOf, idsOf } from '../../cloud/things.ts'
import { humanAge } from '../../units.ts'

export const define: Define = (image, run) => {
  image
    .command('list')
    .description('List your images; with --os those that the cloud offers.')
    .option('--os', 'the OS images of the cloud')
    .option('--region <name>', 'only those of this region')
    .option('--search <text>', 'only those with this in their name')
    .option(...limitOption)
    .addHelpText('after', examples('image list', 'image list --os --region LOCAL-1'))
    .action(
      run(async (cloud, { os = false, limit, region, search }) => {
        if (os) {
          const { images } = await cloud.garrison.osImages.list({ region })
          return showList(cloud, images, {
            limit,
            none: 'No OS images.',
            columns: [
              ['NAME', ({ id }) => id],
              ['TYPE', ({ type }) => type],
              ['REGION', (row) => row.region],
              ['SIZE', ({ display_size }) => display_size, 'right'],
            ],
          })
        }
        await showList(cloud, cloud.garrison.images.list({ region, search }), {
          limit,
          none: 'No images. Make one: ./garrison image create SNAPSHOT NAME',
          columns: [
            ['NAME', ({ name }) => name],
            ['ID', ({ id }) => id],
            ['STATUS', ({ status }) => status],
            ['OF', ({ snapshot_name }) => snapshot_name],
            ['SIZE', ({ size }) => size, 'right'],
            ['CREATED', ({ created }) => humanAge(created)],
          ],
        })
      }),
    )
  image
    .command('show <image>')
    .description('Show all that is known of an image.')
    .addHelpText('after', examples('image show web-base'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'image', name)
        showThing(cloud, (await cloud.garrison.images.get(id)).image)
      }),
    )
  withWait(image.command('create <snapshot> <name>'))
    .description('Make an image from a snapshot.')
    .option('--description <text>', 'for people')
    .addHelpText('after', examples('image create before-upgrade web-base'))
    .action(
      run(async (cloud, snapshot: string, name: string, { description, wait }) => {
        const { garrison, terminal, json } = cloud
        const snapshot_id = await idOf(cloud, 'snapshot', snapshot)
        const begun = await garrison.images.create({ snapshot_id, name, description })
        const { id } = begun.image
        if (wait) await settle(cloud, id, `Making ${name} from ${snapshot}`)
        const made = wait ? (await garrison.images.get(id)).image : begun.image
        if (json) terminal.printJson(made)
        else terminal.print(`${name} is ${made.status} as ${id}.`)
      }),
    )
  withWait(image.command('delete <images...>'))
    .description('Delete images. Machines that began as one stay.')
    .addHelpText('after', examples('image delete web-base'))
    .action(
      run(async (cloud, names: string[], { wait }) => {
        const ids = await idsOf(cloud, 'image', names)
        await confirmLoss(cloud, `Delete ${names.join(', ')} for good?`)
        for (const [index, id] of ids.entries()) {
          const answer = await cloud.garrison.images.delete(id)
          if (wait) await settle(cloud, id, `Deleting ${names[index]}`)
          if (cloud.json) cloud.terminal.printJson(answer)
          else cloud.terminal.print(`${names[index]} is ${wait ? 'deleted' : 'being deleted'}.`)
        }
      }),
    )
}
