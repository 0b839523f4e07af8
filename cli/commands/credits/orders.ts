/** `garrison credits`: what can be bought, and what was. */
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { parseAmount } from '../../options.ts'
import { humanAge, humanMoney } from '../../units.ts'

export const defineOrders: Define = (credits, run) => {
  credits
    .command('packages')
    .description('List what can be bought, with its tax.')
    .addHelpText('after', examples('credits packages'))
    .action(
      run(async (cloud) => {
        const answer = await cloud.garrison.credits.getPackages()
        if (cloud.json) return cloud.terminal.printJson(answer)
        const { packages, minimum, maximum, currency, unavailable } = answer
        if (unavailable !== null) return cloud.terminal.note(unavailable)
        await showList(cloud, packages, {
          none: 'There are no packages; any amount can be ordered.',
          columns: [
            ['NAME', ({ name }) => name],
            ['CREDITS', ({ base }) => humanMoney(base, currency), 'right'],
            ['TAX', ({ tax }) => humanMoney(tax, currency), 'right'],
            ['TO PAY', ({ total }) => humanMoney(total, currency), 'right'],
          ],
        })
        cloud.terminal.note(
          `Or any amount from ${humanMoney(minimum, currency)} to ${humanMoney(maximum, currency)}.`,
        )
      }),
    )
  credits
    .command('order [package]')
    .description('Order a package, or an amount. It is paid in a browser.')
    .option('--amount <amount>', 'before tax, instead of a package', parseAmount)
    .addHelpText('after', examples('credits order Starter', 'credits order --amount 50'))
    .action(
      run(async (cloud, name: string | undefined, { amount }) => {
        const { terminal, garrison, json, where } = cloud
        const answer = await garrison.credits.createOrder({ package: name, amount })
        if (json) return terminal.printJson(answer)
        const { id, total, currency, expires_at } = answer.order
        terminal.print(`${id} is made: ${humanMoney(total, currency)} to pay.`)
        terminal.print(
          `Pay it there, ${humanAge(expires_at)} at the latest: ${where.url}/credits/orders/${id}`,
        )
      }),
    )
  credits
    .command('orders [order]')
    .description('List your orders, newest first; of one its receipt and refunds too.')
    .option('--state <state>', 'only those in this state, such as open or paid')
    .option(...limitOption)
    .addHelpText('after', examples('credits orders --state open', 'credits orders BRK-123456O'))
    .action(
      run(async (cloud, id: string | undefined, { limit = 50, state }) => {
        const { credits: api } = cloud.garrison
        if (id !== undefined) return showThing(cloud, (await api.getOrder(id)).order)
        await showList(cloud, api.listOrders({ state }), {
          limit,
          none: 'Nothing was ordered yet. See what there is: ./garrison credits packages',
          columns: [
            ['ID', (row) => row.id],
            ['WHAT', (row) => row.package ?? 'an amount'],
            ['CREDITS', (row) => humanMoney(row.base, row.currency), 'right'],
            ['TO PAY', (row) => humanMoney(row.total, row.currency), 'right'],
            ['STATE', (row) => row.state],
            ['RECEIPT', ({ receipt_number }) => receipt_number],
            ['ORDERED', ({ created_at }) => humanAge(created_at)],
          ],
        })
      }),
    )
}
