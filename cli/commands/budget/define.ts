/** `garrison budget`: what an account, or one of its keys, may use in a month. */
import type { Cloud } from '../../cloud/cloud.ts'
import { type Define, examples } from '../../cloud/noun.ts'
import { idOf } from '../../cloud/things.ts'
import { parseAmount } from '../../options.ts'
import { humanAge, humanMoney } from '../../units.ts'

type Key = { readonly key?: string }

export const define: Define = (budget, run) => {
  const forKey = ['--key <api-key>', 'of one API key instead of the account'] as const
  budget
    .command('show')
    .description('Show what has been used this month, and what the month comes to.')
    .option(...forKey)
    .addHelpText('after', examples('budget show', 'budget show --key ci'))
    .action(run(async (cloud, { key }: Key) => show(cloud, await read(cloud, key))))
  budget
    .command('set <amount>')
    .description('Use no more than this in a calendar month: then machines are hibernated.')
    .option(...forKey)
    .addHelpText('after', examples('budget set 200', 'budget set 20 --key ci'))
    .action(
      run(async (cloud, amount: string, { key }: Key) =>
        show(cloud, await change(cloud, key, parseAmount(amount))),
      ),
    )
  budget
    .command('clear')
    .description('Take the limit away.')
    .option(...forKey)
    .addHelpText('after', examples('budget clear'))
    .action(run(async (cloud, { key }: Key) => show(cloud, await change(cloud, key, null))))
}

async function read(cloud: Cloud, key: string | undefined) {
  const { account, apiKeys } = cloud.garrison
  if (key === undefined) return (await account.getBudget()).budget
  return (await apiKeys.getBudget(await idOf(cloud, 'api-key', key))).budget
}

async function change(cloud: Cloud, key: string | undefined, monthly_cap: number | null) {
  const { account, apiKeys } = cloud.garrison
  if (key === undefined) return (await account.setBudget({ monthly_cap })).budget
  return (await apiKeys.setBudget(await idOf(cloud, 'api-key', key), { monthly_cap })).budget
}

function show({ terminal, json }: Cloud, budget: Awaited<ReturnType<typeof read>>) {
  if (json) return terminal.printJson(budget)
  const { currency, monthly_cap, used, used_percent, forecast, reaches_cap_at, reached } = budget
  const money = (amount: number) => humanMoney(amount, currency)
  const of =
    monthly_cap === null ? ', without a limit' : ` of ${money(monthly_cap)} (${used_percent} %)`
  terminal.print(`${money(used)} used in ${budget.month}${of}.`)
  terminal.print(`If it goes on like this: ${money(forecast)} at the end of the month.`)
  if (reached) terminal.warn('The limit is reached: nothing new begins until it is raised.')
  else if (reaches_cap_at !== null)
    terminal.warn(`The limit is reached ${humanAge(reaches_cap_at)}.`)
}
