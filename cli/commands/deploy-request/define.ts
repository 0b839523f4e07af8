/** `garrison deploy-request`: deployments that wait for room. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { humanAge } from '../../units.ts'

export const define: Define = (request, run) => {
  request
    .command('list')
    .description('List deployments that wait, or have waited.')
    .option('--state <state>', 'only those in this state, such as waiting')
    .option(...limitOption)
    .addHelpText('after', examples('deploy-request list --state waiting'))
    .action(
      run((cloud, { limit, state }) =>
        showList(cloud, cloud.garrison.deployRequests.list({ state }), {
          limit,
          none: 'Nothing waits for room.',
          columns: [
            ['ID', ({ id }) => id],
            ['FOR', ({ vm_name }) => vm_name],
            ['STATE', (row) => row.state],
            ['POSITION', ({ position }) => position, 'right'],
            ['UNTIL', ({ wait_until }) => humanAge(wait_until)],
            ['BECAME', ({ instance_id, reason }) => instance_id ?? reason],
          ],
        }),
      ),
    )
  request
    .command('show <id>')
    .description('Show all that is known of one.')
    .addHelpText('after', examples('deploy-request show BRK-123456R'))
    .action(
      run(async (cloud, id: string) =>
        showThing(cloud, (await cloud.garrison.deployRequests.get(id)).deploy_request),
      ),
    )
  request
    .command('cancel <id>')
    .description('Let it wait no longer.')
    .addHelpText('after', examples('deploy-request cancel BRK-123456R'))
    .action(
      run(async (cloud, id: string) => {
        await confirmLoss(cloud, `Give up the place of ${id} in the line?`)
        const answer = await cloud.garrison.deployRequests.cancel(id)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${id} is cancelled.`)
      }),
    )
}
