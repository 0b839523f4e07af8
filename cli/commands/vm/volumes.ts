/** `garrison vm volume`: files that outlive microVMs, up to a quota, and checkpoints of them. */
import { readFile, stat } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { chunksOf, requireFolderOf, save } from '../../archives/save.ts'
import type { Run } from '../../cloud/cloud.ts'
import { confirmLoss } from '../../cloud/confirm.ts'
import { examples, limitOption } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { Failure } from '../../failure.ts'
import { humanAge, humanBytes, plural } from '../../units.ts'
import { microvms, volumeOf } from './api.ts'

const checkpointOption = ['--checkpoint <id>', 'as they were at this checkpoint'] as const

export function defineVolumes(vm: Command, run: Run) {
  const volume = vm
    .command('volume')
    .description('Files that outlive microVMs, up to a quota; they are not mounted, but copied.')
  volume
    .command('list')
    .description('List your volumes of microVMs.')
    .option(...limitOption)
    .addHelpText('after', examples('vm volume list'))
    .action(
      run(async (cloud, { limit }) =>
        showList(cloud, await microvms(cloud).volumes(), {
          limit,
          none: 'No volumes. Make one: ./garrison vm volume create NAME',
          columns: [
            ['NAME', ({ name }) => name],
            ['ID', ({ id }) => id],
            ['USED', ({ used_bytes }) => humanBytes(used_bytes), 'right'],
            ['QUOTA', ({ quota_bytes }) => humanBytes(quota_bytes), 'right'],
            ['CREATED', ({ created_at }) => humanAge(created_at)],
          ],
        }),
      ),
    )
  volume
    .command('create <name>')
    .description('Make a volume, which costs nothing.')
    .option('--quota <size>', 'most that it holds, such as 500M or 2G (default: 1G)', sizeOf)
    .addHelpText('after', examples('vm volume create results --quota 2G'))
    .action(
      run(async (cloud, name: string, { quota }) => {
        const made = await microvms(cloud).createVolume({ name, quota_bytes: quota })
        if (cloud.json) return cloud.terminal.printJson(made)
        const room = humanBytes(made.quota_bytes)
        cloud.terminal.print(`${made.name} is made as ${made.id}, for at most ${room}.`)
      }),
    )
  volume
    .command('files <volume>')
    .description('List the files of a volume.')
    .option(...checkpointOption)
    .option(...limitOption)
    .addHelpText('after', examples('vm volume files results'))
    .action(
      run(async (cloud, name: string, { limit, checkpoint }) => {
        const { id } = await volumeOf(cloud, name)
        await showList(cloud, await microvms(cloud).volumeFiles(id, checkpoint), {
          limit,
          none: `${name} is empty. Put something in: ./garrison vm volume put ${name} FILE`,
          columns: [
            ['PATH', ({ path }) => path],
            ['SIZE', ({ size_bytes }) => humanBytes(size_bytes), 'right'],
            ['CHANGED', ({ modified_at }) => humanAge(modified_at)],
          ],
        })
      }),
    )
  volume
    .command('put <volume> <file> [path]')
    .description('Copy a file into a volume, under its own name or as a path.')
    .option('--overwrite', 'replace what is there')
    .addHelpText('after', examples('vm volume put results report.csv data/report.csv'))
    .action(
      run(async (cloud, name: string, file: string, path = basename(file), { overwrite }) => {
        const { id } = await volumeOf(cloud, name)
        const content = await readFile(file).catch((error: Error) => {
          throw new Failure(`Cannot read ${file}: ${error.message}`, { exitCode: 2 })
        })
        using _ = cloud.terminal.progress(`Copying ${file}`)
        const form = new FormData()
        form.set('file', new File([content], basename(file)))
        form.set('path', path)
        if (overwrite) form.set('overwrite', 'true')
        const put = await microvms(cloud).putVolumeFile(id, form)
        if (cloud.json) cloud.terminal.printJson(put)
        else cloud.terminal.print(`${put.path} is in ${name} (${humanBytes(put.size_bytes)}).`)
      }),
    )
  volume
    .command('get <volume> <path> [file]')
    .description('Copy a file out of a volume, under its own name or as another file.')
    .option(...checkpointOption)
    .addHelpText('after', examples('vm volume get results data/report.csv'))
    .action(
      run(async (cloud, name: string, path: string, to = '.', { checkpoint }) => {
        const { id } = await volumeOf(cloud, name)
        const isFolder = (await stat(to).catch(() => null))?.isDirectory() ?? to.endsWith('/')
        const file = isFolder ? join(to, posix.basename(path)) : to
        await requireFolderOf(file)
        using _ = cloud.terminal.progress(`Copying ${path}`)
        const answer = await microvms(cloud).getVolumeFile(id, path, checkpoint)
        const size_bytes = await save(chunksOf(answer), file)
        if (cloud.json) cloud.terminal.printJson({ path, file, size_bytes })
        else cloud.terminal.print(`${path} is copied to ${file} (${humanBytes(size_bytes)}).`)
      }),
    )
  volume
    .command('checkpoint <volume> [name]')
    .description('Keep all files of a volume as they are now.')
    .addHelpText('after', examples('vm volume checkpoint results before'))
    .action(
      run(async (cloud, of: string, name: string | undefined) => {
        const { id } = await volumeOf(cloud, of)
        const made = await microvms(cloud).checkpointVolume(id, name)
        if (cloud.json) return cloud.terminal.printJson(made)
        cloud.terminal.print(`${plural(made.files, 'file')} of ${of} are kept as ${made.id}.`)
      }),
    )
  volume
    .command('checkpoints <volume>')
    .description('List the checkpoints of a volume.')
    .option(...limitOption)
    .addHelpText('after', examples('vm volume checkpoints results'))
    .action(
      run(async (cloud, name: string, { limit }) => {
        const { id } = await volumeOf(cloud, name)
        await showList(cloud, await microvms(cloud).volumeCheckpoints(id), {
          limit,
          none: `None. Make one: ./garrison vm volume checkpoint ${name}`,
          columns: [
            ['NAME', (row) => row.name],
            ['ID', (row) => row.id],
            ['FILES', ({ files }) => files, 'right'],
            ['CREATED', ({ created_at }) => humanAge(created_at)],
          ],
        })
      }),
    )
  volume
    .command('rm <volumes...>')
    .description('Delete volumes, with their files and checkpoints.')
    .addHelpText('after', examples('vm volume rm results'))
    .action(
      run(async (cloud, names: string[]) => {
        const found = await Promise.all(names.map((name) => volumeOf(cloud, name)))
        await confirmLoss(cloud, `Delete ${names.join(', ')} with all files and checkpoints?`)
        for (const { id, name } of found) {
          const answer = await microvms(cloud).deleteVolume(id)
          if (cloud.json) cloud.terminal.printJson(answer)
          else cloud.terminal.print(`${name} is deleted.`)
        }
      }),
    )
}

const units: Readonly<Record<string, number>> = { K: 1, M: 2, G: 3 }

/** `500M`, `2G` as bytes, in steps of 1024 as the API counts. */
function sizeOf(text: string): number {
  const [, count, unit] = /^(\d{1,6})([KMG])$/i.exec(text) ?? []
  if (count === undefined || unit === undefined) {
    throw new InvalidArgumentError('Give a size such as 500M or 2G.')
  }
  return Number(count) * 1024 ** (units[unit.toUpperCase()] ?? 0)
}
