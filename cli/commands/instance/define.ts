/** `garrison instance`: machines, from their making to their end. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption, withWait } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { idOf } from '../../cloud/things.ts'
import { humanAge, humanMoney } from '../../units.ts'
import { actOn } from './act.ts'
import { defineCreate } from './create.ts'
import { defineLooking } from './look.ts'

export const define: Define = (instance, run) => {
  instance
    .command('list')
    .description('List your instances.')
    .option('--status <status>', 'only those in this status, such as ACTIVE or DELETED')
    .option('--region <name>', 'only those of this region')
    .option('--search <text>', 'only those with this in their name')
    .option(...limitOption)
    .addHelpText('after', examples('instance list', 'instance list --status ACTIVE --json'))
    .action(
      run(async (cloud, { status, limit, ...filters }) => {
        const wanted = status?.toUpperCase()
        await showList(cloud, cloud.garrison.instances.list({ ...filters, status: wanted }), {
          limit,
          none: 'No instances. Make one: ./garrison instance create NAME',
          columns: [
            ['NAME', ({ vm_name }) => vm_name],
            ['ID', ({ instance_id }) => instance_id],
            ['STATUS', (row) => row.status],
            ['REGION', ({ region }) => region],
            ['SHAPE', shapeOf],
            ['ADDRESS', ({ ip_address }) => ip_address],
            ['PER HOUR', (row) => humanMoney(row.hourly_rate, row.currency), 'right'],
            ['CREATED', ({ created_at }) => humanAge(created_at)],
          ],
        })
      }),
    )

  instance
    .command('show <instance>')
    .description('Show all that is known of an instance.')
    .addHelpText('after', examples('instance show web-1', 'instance show BRK-100200D --json'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'instance', name)
        showThing(cloud, (await cloud.garrison.instances.get(id)).instance)
      }),
    )

  defineCreate(instance, run)
  defineLooking(instance, run)

  withWait(instance.command('start <instance>'))
    .description('Start an instance that is stopped.')
    .addHelpText('after', examples('instance start web-1'))
    .action(run((cloud, name: string, options) => actOn(cloud, 'start', name, options)))
  withWait(instance.command('stop <instance>'))
    .description('Shut an instance down, as its power button would.')
    .addHelpText('after', examples('instance stop web-1'))
    .action(run((cloud, name: string, options) => actOn(cloud, 'stop', name, options)))
  withWait(instance.command('reboot <instance>'))
    .description('Reboot an instance; also the way out of ERROR.')
    .addHelpText('after', examples('instance reboot web-1'))
    .action(run((cloud, name: string, options) => actOn(cloud, 'reboot', name, options)))

  withWait(instance.command('hibernate <instance>'))
    .description('Put an instance to sleep with its memory; it costs less meanwhile.')
    .option('--retain-ip', 'keep the public address')
    .option('--retain-capacity', 'keep its room, at the full rate')
    .addHelpText('after', examples('instance hibernate web-1'))
    .action(
      run((cloud, name: string, { retainIp, retainCapacity, ...options }) =>
        actOn(cloud, 'hibernate', name, options, {
          retain_ip: retainIp,
          retain_capacity: retainCapacity,
        }),
      ),
    )
  withWait(instance.command('restore <instance>'))
    .description('Wake an instance that is hibernated.')
    .option('--cold-boot', 'forget its memory and boot')
    .addHelpText('after', examples('instance restore web-1'))
    .action(
      run((cloud, name: string, { coldBoot, ...options }) =>
        actOn(cloud, 'restore', name, options, { cold_boot: coldBoot }),
      ),
    )

  withWait(instance.command('rollback <instance> <snapshot>'))
    .description("Put an instance's disk back to a snapshot of it.")
    .option('--snapshot-first <name>', 'take a snapshot of the present state before')
    .option('--force', 'stop it before and start it afterwards, if it runs')
    .addHelpText('after', examples('instance rollback web-1 before-upgrade --force'))
    .action(
      run(async (cloud, name: string, snapshot: string, options) => {
        const snapshot_id = await idOf(cloud, 'snapshot', snapshot)
        const kept = options.snapshotFirst === undefined ? '' : `, after a snapshot of it`
        await confirmLoss(
          cloud,
          `Put the disk of ${name} back to ${snapshot}, and lose what came later${kept}?`,
        )
        await actOn(cloud, 'rollback', name, options, {
          snapshot_id,
          snapshot_first: options.snapshotFirst,
          force: options.force,
        })
      }),
    )

  withWait(instance.command('delete <instances...>'))
    .description('Delete instances and their disks, for good.')
    .addHelpText('after', examples('instance delete web-1', 'instance delete web-1 web-2 --yes'))
    .action(
      run(async (cloud, names: string[], options) => {
        const ids = await Promise.all(names.map((name) => idOf(cloud, 'instance', name)))
        await confirmLoss(cloud, `Delete ${names.join(', ')} with everything on the disk?`)
        for (const id of ids) await actOn(cloud, 'delete', id, options)
      }),
    )

  instance
    .command('public-ip <instance> <on-or-off>')
    .description('Give an instance a public address, or take it back.')
    .addHelpText('after', examples('instance public-ip web-1 on'))
    .action(
      run(async (cloud, name: string, wanted: string) => {
        const id = await idOf(cloud, 'instance', name)
        const answer = await cloud.garrison.instances.togglePublicIp(id, {
          enable: wanted === 'on',
        })
        if (cloud.json) cloud.terminal.printJson(answer)
        else
          cloud.terminal.print(
            `${answer.ip_status}: ${answer.ip_address ?? 'no public address yet'}`,
          )
      }),
    )
}

type Shape = { gpu_type: string; gpu_count: number; vcpus: number; ram_gb: number }

function shapeOf({ gpu_type, gpu_count, vcpus, ram_gb }: Shape) {
  const processor = `${vcpus} vCPU, ${ram_gb} GB`
  return gpu_count === 0 ? processor : `${gpu_count} × ${gpu_type}, ${processor}`
}
