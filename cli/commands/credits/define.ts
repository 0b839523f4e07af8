/** `garrison credits`: what is left, where it went, and how more is bought. */
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { humanAge, humanMoney } from '../../units.ts'
import { defineOrders } from './orders.ts'

export const define: Define = (credits, run) => {
  credits
    .command('show')
    .description('Show what is left.')
    .addHelpText('after', examples('credits show'))
    .action(
      run(async ({ garrison, terminal, json }) => {
        const answer = await garrison.credits.balance()
        if (json) return terminal.printJson(answer)
        const { balance, low_balance, estimated_hours_left } = answer
        terminal.print(`${humanMoney(balance.amount, balance.currency)} are left.`)
        if (estimated_hours_left !== null) {
          terminal.print(`At this rate they last ${Math.floor(estimated_hours_left)} hours.`)
        }
        if (low_balance) terminal.warn('That is little.')
      }),
    )
  credits
    .command('history')
    .description('List where credits came from and where they went.')
    .option(...limitOption)
    .addHelpText('after', examples('credits history --limit 10'))
    .action(
      run((cloud, { limit = 50 }) =>
        showList(cloud, cloud.garrison.credits.history({ limit: Math.min(limit, 100) }), {
          limit,
          none: 'Nothing was booked yet.',
          columns: [
            ['WHEN', ({ created_at }) => humanAge(created_at)],
            ['KIND', ({ kind }) => kind],
            ['WHAT FOR', ({ description }) => description],
            ['RECEIPT', ({ receipt_number }) => receipt_number ?? ''],
            ['AMOUNT', ({ amount, currency }) => humanMoney(amount, currency), 'right'],
          ],
        }),
      ),
    )
  defineOrders(credits, run)
}
