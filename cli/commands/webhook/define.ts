/** `garrison webhook`: where events are sent. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { collect, type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { humanAge } from '../../units.ts'

export const define: Define = (webhook, run) => {
  webhook
    .command('list')
    .description('List your webhooks.')
    .option(...limitOption)
    .addHelpText('after', examples('webhook list'))
    .action(
      run((cloud, { limit }) =>
        showList(cloud, cloud.garrison.webhooks.list(), {
          limit,
          none: 'No webhooks. Make one: ./garrison webhook create URL --kind "snapshot.*"',
          columns: [
            ['ID', ({ id }) => id],
            ['ADDRESS', ({ url }) => url],
            ['EVENTS', ({ event_patterns }) => event_patterns.join(', ')],
            ['STATE', ({ enabled, failing_since }) => stateOf(enabled, failing_since)],
          ],
        }),
      ),
    )
  webhook
    .command('show <id>')
    .description('Show all that is known of a webhook.')
    .addHelpText('after', examples('webhook show BRK-123456W'))
    .action(
      run(async (cloud, id: string) =>
        showThing(cloud, (await cloud.garrison.webhooks.get(id)).webhook),
      ),
    )
  webhook
    .command('create <url>')
    .description('Send events to this address, signed. Prints the secret, once.')
    .requiredOption('--kind <kinds>', 'which, such as snapshot.* or instance.error', collect)
    .option('--description <text>', 'for people')
    .addHelpText('after', examples('webhook create https://example.com/hooks --kind "snapshot.*"'))
    .action(
      run(async (cloud, url: string, { kind, description }) => {
        const { terminal, garrison, json } = cloud
        const answer = await garrison.webhooks.create({ url, event_patterns: kind, description })
        if (json) return terminal.printJson(answer)
        terminal.printRaw(answer.secret ?? '')
        terminal.note(`${answer.webhook.id} is made. Keep the secret: it checks the signatures.`)
      }),
    )
  for (const enabled of [true, false]) {
    const verb = enabled ? 'enable' : 'disable'
    webhook
      .command(`${verb} <id>`)
      .description(enabled ? 'Send to it again.' : 'Send nothing to it for now.')
      .addHelpText('after', examples(`webhook ${verb} BRK-123456W`))
      .action(
        run(async (cloud, id: string) => {
          const answer = await cloud.garrison.webhooks.update(id, { enabled })
          if (cloud.json) cloud.terminal.printJson(answer.webhook)
          else cloud.terminal.print(`${id} is ${verb}d.`)
        }),
      )
  }
  webhook
    .command('test <id>')
    .description('Send a test message now.')
    .addHelpText('after', examples('webhook test BRK-123456W'))
    .action(
      run(async (cloud, id: string) => {
        const { delivery } = await cloud.garrison.webhooks.test(id)
        if (cloud.json) return cloud.terminal.printJson(delivery)
        cloud.terminal.print('A test message is on its way.')
        cloud.terminal.print(`See what becomes of it: ./garrison webhook deliveries ${id}`)
      }),
    )
  webhook
    .command('rotate-secret <id>')
    .description('Make a new secret and print it; the old one goes on to sign for a day.')
    .addHelpText('after', examples('webhook rotate-secret BRK-123456W'))
    .action(
      run(async (cloud, id: string) => {
        const answer = await cloud.garrison.webhooks.rotateSecret(id)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.printRaw(answer.secret ?? '')
      }),
    )
  webhook
    .command('deliveries <id>')
    .description('List what was sent, newest first, and what became of it.')
    .option(...limitOption)
    .addHelpText('after', examples('webhook deliveries BRK-123456W --limit 10'))
    .action(
      run((cloud, id: string, { limit = 50 }) =>
        showList(cloud, cloud.garrison.webhooks.listDeliveries(id), {
          limit,
          none: 'Nothing was sent yet.',
          columns: [
            ['ID', (row) => row.id],
            ['EVENT', ({ event_kind }) => event_kind],
            ['STATUS', ({ status }) => status],
            ['ATTEMPTS', ({ attempts }) => attempts.length, 'right'],
            ['LAST', ({ attempts }) => outcomeOf(attempts.at(-1))],
            ['BEGAN', ({ created_at }) => humanAge(created_at)],
          ],
        }),
      ),
    )
  webhook
    .command('replay <delivery-id>')
    .description('Send once more what was sent before.')
    .addHelpText('after', examples('webhook replay 019ba6f4-3c00-7000-8000-0242ac120002'))
    .action(
      run(async (cloud, id: string) => {
        const { delivery } = await cloud.garrison.webhookDeliveries.replay(id)
        if (cloud.json) cloud.terminal.printJson(delivery)
        else cloud.terminal.print(`${delivery.event_kind} is on its way again.`)
      }),
    )
  webhook
    .command('delete <id>')
    .description('Send nothing there any more, and forget what was sent.')
    .addHelpText('after', examples('webhook delete BRK-123456W'))
    .action(
      run(async (cloud, id: string) => {
        await confirmLoss(cloud, `Delete webhook ${id} and its deliveries?`)
        const answer = await cloud.garrison.webhooks.delete(id)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${id} is deleted.`)
      }),
    )
}

function stateOf(enabled: boolean, failingSince: string | null) {
  if (!enabled) return 'disabled'
  return failingSince === null ? 'active' : 'failing'
}

type Attempt = { readonly status_code: number | null; readonly error: string | null }
const outcomeOf = (attempt: Attempt | undefined) =>
  attempt === undefined ? null : (attempt.error ?? attempt.status_code)
