/** `garrison operator operations`: what is under way, and what stands in its way. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { humanDuration } from '../../units.ts'

export const defineOperations: Define = (operator, run) => {
  operator
    .command('operations')
    .description('List operations of all accounts.')
    .option('--state <state>', 'only those in this state, such as running or failed')
    .option(...limitOption)
    .addHelpText('after', examples('operator operations --state running'))
    .action(
      run((cloud, { limit = 50, state }) =>
        showList(cloud, cloud.garrison.operator.listAllOperations({ state }), {
          limit,
          none: 'Nothing is under way.',
          columns: [
            ['ID', ({ id }) => id],
            ['KIND', ({ kind }) => kind],
            ['OF', ({ subject }) => subject.id],
            ['ACCOUNT', ({ account_id }) => account_id],
            ['STATE', (row) => row.state],
            ['STEP', ({ step }) => step],
            ['AGE', ({ age_seconds }) => humanDuration(age_seconds * 1000), 'right'],
            ['WAITS FOR', ({ waits_for }) => waits_for.map(({ id }) => id).join(', ')],
          ],
        }),
      ),
    )
  operator
    .command('operation <id>')
    .description('Show an operation with its journal and what it holds.')
    .addHelpText('after', examples('operator operation 019ba6f4-3c00-7000-8000-0242ac120002'))
    .action(
      run(async (cloud, id: string) =>
        showThing(cloud, (await cloud.garrison.operator.getAnyOperation(id)).operation),
      ),
    )
  for (const verb of ['retry', 'cancel'] as const) {
    operator
      .command(`${verb} <operation-id>`)
      .description(
        verb === 'retry' ? 'Try once more what has failed.' : 'Take back what is under way.',
      )
      .option('--reason <words>', 'of a cancellation, told to the account')
      .addHelpText('after', examples(`operator ${verb} 019ba6f4-3c00-7000-8000-0242ac120002`))
      .action(
        run(async (cloud, id: string, { reason }) => {
          if (verb === 'cancel') await confirmLoss(cloud, `Cancel operation ${id} and undo it?`)
          const { retryOperation, cancelOperation } = cloud.garrison.operator
          const answer = await (verb === 'retry'
            ? retryOperation(id)
            : cancelOperation(id, { reason }))
          if (cloud.json) cloud.terminal.printJson(answer)
          else cloud.terminal.print(answer.message)
        }),
      )
  }
}
