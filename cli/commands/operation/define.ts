/** `garrison operation`: changes that take time. */
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { humanAge, humanDuration } from '../../units.ts'

type Times = { readonly started_at: string | null; readonly finished_at: string | null }

const took = ({ started_at, finished_at }: Times) => {
  if (started_at === null) return null
  const end = finished_at === null ? Date.now() : Date.parse(finished_at)
  return humanDuration(Math.max(0, end - Date.parse(started_at)))
}

export const define: Define = (operation, run) => {
  operation
    .command('list')
    .description('List operations, newest first.')
    .option('--state <state>', 'only those in this state, such as running or failed')
    .option('--kind <kind>', 'only those of this kind, such as deploy-instance')
    .option('--subject <id>', 'only those about this')
    .option(...limitOption)
    .addHelpText('after', examples('operation list', 'operation list --state failed --limit 5'))
    .action(
      run((cloud, { limit = 20, ...filters }) =>
        showList(cloud, cloud.garrison.operations.list(filters), {
          limit,
          none: 'Nothing was changed yet.',
          columns: [
            ['ID', ({ id }) => id],
            ['KIND', ({ kind }) => kind],
            ['OF', ({ subject }) => subject.id],
            ['STATE', ({ state }) => state],
            ['STEP', ({ step }) => step],
            ['BEGAN', ({ created_at }) => humanAge(created_at)],
            ['TOOK', took, 'right'],
          ],
        }),
      ),
    )
  operation
    .command('show <id>')
    .description('Show an operation and its steps.')
    .addHelpText('after', examples('operation show 019ba6f4-3c00-7000-8000-0242ac120002'))
    .action(
      run(async (cloud, id: string) => {
        const { operation } = await cloud.garrison.operations.get(id)
        if (cloud.json) return cloud.terminal.printJson(operation)
        const { kind, subject, state, error, note, steps } = operation
        cloud.terminal.print(`${kind} of ${subject.kind} ${subject.id}: ${state}`)
        if (error !== null) cloud.terminal.problem(error)
        if (note !== null) cloud.terminal.warn(note)
        await showList(cloud, steps, {
          none: 'No step has begun.',
          columns: [
            ['STEP', ({ name }) => name],
            ['STATE', (step) => step.state],
            ['BEGAN', ({ started_at }) => humanAge(started_at)],
            ['TOOK', took, 'right'],
            ['ERROR', (step) => step.error],
          ],
        })
      }),
    )
  operation
    .command('wait <id>')
    .description('Wait until an operation is over; exits with 1 unless it is done.')
    .addHelpText('after', examples('operation wait 019ba6f4-3c00-7000-8000-0242ac120002'))
    .action(
      run(async (cloud, id: string) => {
        using progress = cloud.terminal.progress('Waiting')
        const operation = await cloud.garrison.waitFor(id, {
          timeoutMs: 0,
          onLook: ({ kind, step }) => progress.update(step === null ? kind : `${kind} · ${step}`),
        })
        if (cloud.json) cloud.terminal.printJson(operation)
        else cloud.terminal.print(`${operation.kind} is done.`)
      }),
    )
}
