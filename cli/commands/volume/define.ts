/** `garrison volume`: disks with a life of their own. */
import type { Cloud } from '../../cloud/cloud.ts'
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption, wholeNumber, withWait } from '../../cloud/noun.ts'
import { settle } from '../../cloud/settle.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { idOf, idsOf } from '../../cloud/things.ts'
import { humanAge, humanMoney } from '../../units.ts'

export const define: Define = (volume, run) => {
  volume
    .command('list')
    .description('List your volumes.')
    .option('--status <status>', 'only those in this status, such as available')
    .option('--region <name>', 'only those of this region')
    .option('--search <text>', 'only those with this in their name')
    .option(...limitOption)
    .addHelpText('after', examples('volume list', 'volume list --status available'))
    .action(
      run((cloud, { limit, ...filters }) =>
        showList(cloud, cloud.garrison.volumes.list(filters), {
          limit,
          none: 'No volumes. Make one: ./garrison volume create NAME --size GB',
          columns: [
            ['NAME', ({ name }) => name],
            ['ID', ({ id }) => id],
            ['STATUS', ({ status }) => status],
            ['SIZE', ({ size_gb }) => `${size_gb} GB`, 'right'],
            ['TYPE', ({ volume_type }) => volume_type],
            ['REGION', ({ region }) => region],
            ['ATTACHED TO', ({ attached_to }) => attachedTo(attached_to)],
            ['PER HOUR', (row) => humanMoney(row.hourly_rate, row.currency), 'right'],
            ['CREATED', ({ created_at }) => humanAge(created_at)],
          ],
        }),
      ),
    )
  volume
    .command('show <volume>')
    .description('Show all that is known of a volume.')
    .addHelpText('after', examples('volume show data'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'volume', name)
        showThing(cloud, (await cloud.garrison.volumes.get(id)).volume)
      }),
    )
  volume
    .command('types')
    .description('List the types of volumes and what they cost.')
    .addHelpText('after', examples('volume types'))
    .action(
      run(async (cloud) => {
        const { volume_types } = await cloud.garrison.volumes.types()
        await showList(cloud, volume_types, {
          none: 'No region has volumes.',
          columns: [
            ['TYPE', ({ type }) => type],
            ['REGIONS', ({ regions }) => regions.join(', ')],
            ['AT LEAST', ({ minimum_size_gb }) => `${minimum_size_gb} GB`, 'right'],
            ['COSTS', ({ prices, unit }) => `${humanMoney(prices.USD ?? 0, 'USD')} ${unit}`],
          ],
        })
      }),
    )

  withWait(volume.command('create <name>'))
    .description('Make a volume.')
    .requiredOption('--size <gb>', 'in GB (10^9 bytes)', wholeNumber)
    .requiredOption('--region <name>', 'where')
    .option('--type <name>', 'one of "garrison volume types" (default: the first of the region)')
    .option('--os <name>', 'make it bootable, with this OS image on it')
    .option('--description <text>', 'for people')
    .addHelpText('after', examples('volume create data --size 100 --region LOCAL-1'))
    .action(
      run(async (cloud, name: string, { size, region, type, os, description, wait }) => {
        const begun = await cloud.garrison.volumes.create({
          ...{ name, region, size_gb: size, volume_type: type, description },
          ...(os !== undefined && { bootable: true, os_image: os }),
        })
        await told(cloud, begun.volume, `Making ${name}`, wait)
      }),
    )
  withWait(volume.command('clone <volume> [name]'))
    .description('Copy a volume as it is now.')
    .addHelpText('after', examples('volume clone data data-copy'))
    .action(
      run(async (cloud, source: string, name: string | undefined, { wait }) => {
        const id = await idOf(cloud, 'volume', source)
        const begun = await cloud.garrison.volumes.clone(id, { name })
        await told(cloud, begun.volume, `Copying ${source}`, wait)
      }),
    )
  withWait(volume.command('resize <volume> <gb>'))
    .description('Let a volume grow, under a running machine too.')
    .addHelpText('after', examples('volume resize data 200'))
    .action(
      run(async (cloud, name: string, gb: string, { wait }) => {
        const id = await idOf(cloud, 'volume', name)
        const begun = await cloud.garrison.volumes.resize(id, { size_gb: wholeNumber(gb) })
        await told(cloud, begun.volume, `Growing ${name}`, wait)
      }),
    )
  withWait(volume.command('attach <instance> <volumes...>'))
    .description('Give volumes to an instance.')
    .addHelpText('after', examples('volume attach web-1 data'))
    .action(
      run(async (cloud, instance: string, names: string[], { wait }) => {
        const instance_id = await idOf(cloud, 'instance', instance)
        const volume_ids = await idsOf(cloud, 'volume', names)
        const answer = await cloud.garrison.volumes.attach({ instance_id, volume_ids })
        if (wait) await settle(cloud, instance_id, `Attaching ${names.join(', ')}`)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${names.join(', ')}: ${wait ? 'attached' : 'being attached'}.`)
      }),
    )
  withWait(volume.command('detach <volumes...>'))
    .description('Take volumes from the instance that has them. Unmount them there first.')
    .addHelpText('after', examples('volume detach data'))
    .action(
      run(async (cloud, names: string[], { wait }) => {
        const volume_ids = await idsOf(cloud, 'volume', names)
        const answer = await cloud.garrison.volumes.detach({ volume_ids })
        if (wait) await settle(cloud, answer.instance_id, `Detaching ${names.join(', ')}`)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${names.join(', ')}: ${wait ? 'detached' : 'being detached'}.`)
      }),
    )
  withWait(volume.command('delete <volumes...>'))
    .description('Delete volumes and what is on them, for good.')
    .addHelpText('after', examples('volume delete data'))
    .action(
      run(async (cloud, names: string[], { wait }) => {
        const ids = await idsOf(cloud, 'volume', names)
        await confirmLoss(cloud, `Delete ${names.join(', ')} with everything on it?`)
        for (const [index, id] of ids.entries()) {
          const answer = await cloud.garrison.volumes.delete(id)
          if (wait) await settle(cloud, id, `Deleting ${names[index]}`)
          if (cloud.json) cloud.terminal.printJson(answer)
          else cloud.terminal.print(`${names[index]} is ${wait ? 'deleted' : 'being deleted'}.`)
        }
      }),
    )
}

type Volume = { readonly id: string; readonly name: string; readonly status: string }

async function told(cloud: Cloud, begun: Volume, doing: string, wait: boolean) {
  if (wait) await settle(cloud, begun.id, doing)
  const volume = wait ? (await cloud.garrison.volumes.get(begun.id)).volume : begun
  if (cloud.json) cloud.terminal.printJson(volume)
  else cloud.terminal.print(`${volume.name} is ${volume.status} as ${volume.id}.`)
}

const attachedTo = (instance: { readonly vm_name: string } | null) => instance?.vm_name ?? null
