/** `garrison script`: what new machines run on their first boot. */
import { readFile } from 'node:fs/promises'
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { idOf, idsOf } from '../../cloud/things.ts'
import { Failure } from '../../failure.ts'
import { humanAge } from '../../units.ts'

export const define: Define = (script, run) => {
  script
    .command('list')
    .description('List your startup scripts.')
    .option('--search <text>', 'only those with this in their name')
    .option(...limitOption)
    .addHelpText('after', examples('script list'))
    .action(
      run((cloud, { limit, ...filters }) =>
        showList(cloud, cloud.garrison.scripts.list(filters), {
          limit,
          none: 'No scripts. Add one: ./garrison script create NAME FILE',
          columns: [
            ['NAME', ({ name }) => name],
            ['ID', ({ id }) => id],
            ['CREATED', ({ created_at }) => humanAge(created_at)],
            ['CHANGED', ({ updated_at }) => humanAge(updated_at)],
          ],
        }),
      ),
    )
  script
    .command('show <script>')
    .description('Print a script.')
    .addHelpText('after', examples('script show web-server > web-server.sh'))
    .action(
      run(async (cloud, name: string) => {
        const answer = await cloud.garrison.scripts.get(await idOf(cloud, 'script', name))
        if (cloud.json) cloud.terminal.printJson(answer.script)
        else cloud.terminal.print(answer.script.script.trimEnd())
      }),
    )
  script
    .command('create <name> <file>')
    .description('Keep a script, or a cloud-init text, for new machines.')
    .addHelpText('after', examples('script create web-server ./web-server.sh'))
    .action(
      run(async (cloud, name: string, file: string) => {
        const answer = await cloud.garrison.scripts.create({ name, script: await readText(file) })
        if (cloud.json) cloud.terminal.printJson(answer.script)
        else cloud.terminal.print(`${name} is kept as ${answer.script.id}.`)
      }),
    )
  script
    .command('update <script> <file>')
    .description('Replace its text; machines that were deployed with it keep theirs.')
    .addHelpText('after', examples('script update web-server ./web-server.sh'))
    .action(
      run(async (cloud, name: string, file: string) => {
        const id = await idOf(cloud, 'script', name)
        const answer = await cloud.garrison.scripts.change(id, { script: await readText(file) })
        if (cloud.json) cloud.terminal.printJson(answer.script)
        else cloud.terminal.print(`${answer.script.name} is changed.`)
      }),
    )
  script
    .command('delete <scripts...>')
    .description('Delete scripts.')
    .addHelpText('after', examples('script delete web-server'))
    .action(
      run(async (cloud, names: string[]) => {
        const scripts = await idsOf(cloud, 'script', names)
        await confirmLoss(cloud, `Delete ${names.join(', ')} for good?`)
        const answer = await cloud.garrison.scripts.deleteMany({ scripts })
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${names.join(', ')}: deleted.`)
      }),
    )
}

const readText = (file: string) =>
  readFile(file, 'utf8').catch((error: Error) => {
    throw new Failure(`Cannot read ${file}: ${error.message}`)
  })
