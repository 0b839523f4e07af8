/** `garrison operator prices`: what is charged now, and changes of it. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { parseFutureDate, parsePrice } from '../../options.ts'
import { humanAge, plural } from '../../units.ts'

const kinds = 'flavor, gpu_model, volume, snapshot or hibernated'

export const definePrices: Define = (operator, run) => {
  operator
    .command('prices')
    .description('List what is charged, and changes of it that are to come.')
    .option('--changes', 'the changes, newest first')
    .option(...limitOption)
    .addHelpText('after', examples('operator prices', 'operator prices --changes'))
    .action(
      run(async (cloud, { changes = false, limit }) => {
        const list = cloud.garrison.operator.listPrices()
        if (changes) {
          return showList(cloud, list, {
            limit,
            none: 'No price was ever changed.',
            columns: [
              ['ID', ({ id }) => id],
              ['OF', ({ kind, item }) => `${kind} ${item}`.trim()],
              ['USD', ({ prices }) => prices.USD, 'right'],
              ['FROM', ({ effective_from }) => humanAge(effective_from)],
              ['STATE', ({ state }) => state],
              ['WHY', ({ reason }) => reason],
            ],
          })
        }
        await showList(cloud, (await list).current, {
          limit,
          none: 'Nothing has a price.',
          columns: [
            ['OF', ({ kind, item }) => `${kind} ${item}`.trim()],
            ['USD', ({ prices }) => prices.USD, 'right'],
            ['EUR', ({ prices }) => prices.EUR, 'right'],
            ['INR', ({ prices }) => prices.INR, 'right'],
            ['UNIT', ({ unit }) => unit],
            ['SINCE', ({ since }) => (since === null ? null : humanAge(since))],
          ],
        })
      }),
    )
  operator
    .command('change-price <kind> [item]')
    .description(`Change a price, now or from a date on. Kinds: ${kinds}.`)
    .requiredOption('--usd <price>', 'per hour, with at most six decimals', parsePrice)
    .requiredOption('--eur <price>', 'the same in EUR', parsePrice)
    .requiredOption('--inr <price>', 'the same in INR', parsePrice)
    .option('--from <date>', 'when it begins to count (default: now)', parseFutureDate)
    .option('--reason <words>', 'why; told to those whom it concerns')
    .addHelpText(
      'after',
      examples(
        'operator change-price flavor cpu-small --usd 0.012 --eur 0.011 --inr 1 --from 2030-01-01',
        'operator change-price snapshot --usd 0.1 --eur 0.1 --inr 9',
      ),
    )
    .action(
      run(async (cloud, kind, item: string | undefined, { usd, eur, inr, from, reason }) => {
        const name = `${kind} ${item ?? ''}`.trim()
        if (from === undefined) await confirmLoss(cloud, `Charge ${name} at the new price now?`)
        const answer = await cloud.garrison.operator.changePrice({
          kind,
          item,
          prices: { USD: usd, EUR: eur, INR: inr },
          effective_from: from?.toISOString(),
          reason,
        })
        if (cloud.json) return cloud.terminal.printJson(answer)
        cloud.terminal.print(`${answer.message}.`)
        cloud.terminal.note(
          `${plural(answer.accounts_told, 'account')} told. Its id: ${answer.price.id}`,
        )
      }),
    )
  operator
    .command('withdraw-price <id>')
    .description('Withdraw a change that does not count yet; those who were told hear of it.')
    .addHelpText('after', examples('operator withdraw-price 019ba6f4-3c00-7000-8000-0242ac120003'))
    .action(
      run(async (cloud, id: string) => {
        await confirmLoss(cloud, `Withdraw the price change ${id}?`)
        const answer = await cloud.garrison.operator.withdrawPrice(id)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${answer.message}.`)
      }),
    )
}
