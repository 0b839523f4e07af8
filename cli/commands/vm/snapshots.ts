/** `garrison vm snapshot`: what microVMs begin as. */
import type { Command } from 'commander'
import type { Cloud, Run } from '../../cloud/cloud.ts'
import { confirmLoss } from '../../cloud/confirm.ts'
import { examples, limitOption, wholeNumber, withWait } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { Failure } from '../../failure.ts'
import { humanAge, humanBytes } from '../../units.ts'
import { microvms, type SnapshotInfo, snapshotOf, vmOf } from './api.ts'

const againMs = 700

export function defineSnapshots(vm: Command, run: Run) {
  const snapshot = vm
    .command('snapshot')
    .description('What microVMs begin as: take, build, list, read, delete.')
  snapshot
    .command('list')
    .description('List your snapshots of microVMs, and the public ones.')
    .option('--type <type>', 'only yours (user), or public ones (system)')
    .option(...limitOption)
    .addHelpText('after', examples('vm snapshot list --type user'))
    .action(
      run(async (cloud, { type, limit }) =>
        showList(cloud, await microvms(cloud).snapshots(type), {
          limit,
          none: 'No snapshots. Build one: ./garrison vm snapshot build IMAGE',
          columns: [
            ['NAME', ({ name }) => name],
            ['ID', ({ id }) => id],
            ['STATUS', ({ status }) => status],
            ['TYPE', ({ type }) => type],
            ['OF', ({ oci_image, source_vm_id }) => oci_image ?? source_vm_id],
            ['SIZE', ({ size_bytes }) => (size_bytes > 0 ? humanBytes(size_bytes) : null), 'right'],
            ['CREATED', ({ created_at }) => humanAge(created_at)],
          ],
        }),
      ),
    )
  snapshot
    .command('show <snapshot>')
    .description('Show all that is known of a snapshot.')
    .addHelpText('after', examples('vm snapshot show python'))
    .action(run(async (cloud, name: string) => showThing(cloud, await snapshotOf(cloud, name))))
  snapshot
    .command('take <vm> [name]')
    .description('Keep the disk and the memory of a microVM as they are now.')
    .addHelpText('after', examples('vm snapshot take tests prepared'))
    .action(
      run(async (cloud, of: string, name: string | undefined) => {
        const { vm_id } = await vmOf(cloud, of)
        using _ = cloud.terminal.progress(`Taking a snapshot of ${of}`)
        const api = microvms(cloud)
        told(cloud, await api.snapshot((await api.capture(vm_id, name)).snapshot_id))
      }),
    )
  withWait(snapshot.command('build <image>'))
    .description('Build a snapshot of an image in a registry; what is printed is shown.')
    .option('--name <name>', 'what it is called')
    .option('--vcpus <number>', 'of what begins as it', wholeNumber)
    .option('--memory <mb>', 'of what begins as it', wholeNumber)
    .option('--disk <gb>', 'default: what the content needs', wholeNumber)
    .option('--apt <packages>', 'add Debian packages')
    .option('--pip <packages>', 'add Python packages')
    .option('--npm <packages>', 'add Node packages')
    .option('--git <url>', 'clone this into /app/repo')
    .option('--branch <name>', 'of the repository')
    .option('--run <command>', 'at the end')
    .option('--public', 'for everybody; only operators may')
    .addHelpText(
      'after',
      examples('vm snapshot build python:3.12-slim --name python --pip "numpy pandas"'),
    )
    .action(
      run(async (cloud, oci_image: string, options) => {
        const { name, vcpus, memory, disk, apt, pip, npm, git, branch, wait } = options
        const begun = await microvms(cloud).build({
          ...{ oci_image, name, vcpu_count: vcpus, memory_mb: memory },
          ...(options.public ? { type: 'system' } : {}),
          build_args: {
            ...{ extra_apt_packages: apt, extra_pip_packages: pip, extra_npm_packages: npm },
            ...{ git_clone_url: git, git_clone_branch: branch, disk_size_gb: disk },
            post_build_cmd: options.run,
          },
        })
        if (!wait) return told(cloud, begun)
        await follow(cloud, begun.id)
        const built = await microvms(cloud).snapshot(begun.id)
        if (built.status === 'failed') throw new Failure(`It failed: ${built.last_error}`)
        told(cloud, built)
      }),
    )
  snapshot
    .command('log <snapshot>')
    .description('Show what a build printed, and what it prints until it is over.')
    .addHelpText('after', examples('vm snapshot log python'))
    .action(
      run(async (cloud, name: string) => {
        const { id } = await snapshotOf(cloud, name)
        await follow(cloud, id, (text) => cloud.terminal.printPart(text))
      }),
    )
  snapshot
    .command('rm <snapshots...>')
    .description('Delete snapshots; microVMs that began as them go on.')
    .addHelpText('after', examples('vm snapshot rm python'))
    .action(
      run(async (cloud, names: string[]) => {
        const found = await Promise.all(names.map((name) => snapshotOf(cloud, name)))
        await confirmLoss(cloud, `Delete ${names.join(', ')}?`)
        for (const each of found) {
          const answer = await microvms(cloud).deleteSnapshot(each.id)
          if (cloud.json) cloud.terminal.printJson(answer)
          else cloud.terminal.print(`${each.name ?? each.id} is deleted.`)
        }
      }),
    )
}

/** Beside the result, unless what is printed is the result. */
async function follow(
  cloud: Cloud,
  id: string,
  show = (text: string) => cloud.terminal.note(text.replace(/\n$/, '')),
) {
  let offset = 0
  for (;;) {
    const { log, next_offset, is_complete } = await microvms(cloud).log(id, offset)
    if (log !== '') show(log)
    if (is_complete) return
    offset = next_offset
    await new Promise((resolve) => setTimeout(resolve, againMs))
  }
}

function told(cloud: Cloud, made: SnapshotInfo) {
  if (cloud.json) return cloud.terminal.printJson(made)
  cloud.terminal.print(`${made.name ?? made.id} is ${made.status} as ${made.id}.`)
}
