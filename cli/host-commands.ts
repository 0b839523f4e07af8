/** Commands about the Garrison of this host: its server, and what an operator does on its database. */
import { type Command, Option } from 'commander'
import type { Context, ExitCode } from './commands/context.ts'
import { parseAmount, parseFutureDate, parseHost, parsePath, parsePort } from './options.ts'

type Add = (program: Command, context: () => Context, finish: (code: ExitCode) => void) => void

/** Of a group, such as `garrison key help`. */
const groupHelp = ['help [command]', 'Show help for a command.'] as const

const configFlag = '-c, --config <file>'
const configWords = 'settings, see garrison.example.yaml'

export const addServerCommands: Add = (program, context, finish) => {
  program
    .command('up')
    .description('Start the server, and first whatever it needs.')
    .option('-p, --port <number>', 'port of the API (default: 8600)', parsePort)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)', parseHost)
    .option(configFlag, configWords, parsePath)
    .option('--demo', 'add simulated regions; needs neither root nor QEMU')
    .option('--microvms', 'build what microVMs begin as now, not when one is first asked for')
    .option('--without <region...>', 'start although the configuration no longer names this region')
    .option('--detach', 'go on in the background once the server is ready')
    .option('--no-dashboard', 'serve the API only')
    .addHelpText(
      'after',
      `
In the foreground, Ctrl-C stops the server; machines keep running, and the next "up" takes them over.
Missing packages of the host are installed after asking, or at once with --yes. A server that runs on
the data folder already is named, which counts as done.

Examples:
  sudo ./garrison up --detach --yes
  sudo ./garrison up --host 0.0.0.0 --port 80 --config garrison.yaml
  ./garrison up --demo --data /tmp/demo`,
    )
    .action(async (options) => {
      const { up } = await import('./commands/up.ts')
      finish(await up(context(), options))
    })

  program
    .command('down')
    .description('Stop the server and its database. Machines keep running.')
    .option('--machines', 'shut all machines down first, as their power buttons would')
    .option(configFlag, configWords, parsePath)
    .addHelpText('after', '\nExamples:\n  sudo ./garrison down\n  sudo ./garrison down --machines')
    .action(async (options) => {
      const { down } = await import('./commands/down.ts')
      finish(await down(context(), options))
    })

  program
    .command('status')
    .description('Show how server, database, engines, machines and disk are.')
    .addHelpText(
      'after',
      '\nExits with 1 unless the server is ready.\n\nExamples:\n  ./garrison status\n  ./garrison status --json',
    )
    .action(async () => {
      const { status } = await import('./commands/status.ts')
      finish(await status(context()))
    })

  program
    .command('check')
    .description('Run everything that proves it: types, lint, imports, tests on real machines.')
    .option('--long', 'add the long fault runs')
    .addHelpText(
      'after',
      `
As root, missing packages of the host are installed first. Without root, system tests are skipped.
The last line reads "N passed, N failed, N skipped".

Examples:
  sudo ./garrison check
  sudo ./garrison check --long`,
    )
    .action(async (options) => {
      const { check } = await import('./commands/check.ts')
      finish(await check(context(), options))
    })
}

export const addUninstall: Add = (program, context, finish) => {
  program
    .command('uninstall')
    .description('Remove the data folder and everything that was made on this host, after asking.')
    .option(
      '--delete-everything [folder]',
      'also what people still have; asks for the name of the folder, unless it is given',
      parsePath,
    )
    .option(configFlag, configWords, parsePath)
    .addHelpText(
      'after',
      `
The server must be down. While anybody has anything left, such as instances, volumes, snapshots, images or
microVMs, it is named and nothing is removed; --delete-everything loses it. --yes alone does not. Where
the database is not in the data folder, it stays, and things are deleted by the server first.
Packages of the host and cached guest images stay. Interrupted, it can be repeated.

Examples:
  sudo ./garrison uninstall --data /tmp/trial
  sudo ./garrison uninstall --delete-everything
  sudo ./garrison uninstall --data /tmp/trial --delete-everything /tmp/trial`,
    )
    .action(async (options) => {
      const { uninstall } = await import('./commands/uninstall.ts')
      finish(await uninstall(context(), options))
    })
}

export const addAccounts: Add = (program, context, finish) => {
  const account = program
    .command('account')
    .helpCommand(...groupHelp)
    .description('Accounts: tenants of this installation.')
  account
    .command('create <name>')
    .description('Make an account.')
    .option('--email <address>', 'e-mail address')
    .option(configFlag, configWords, parsePath)
    .addHelpText('after', '\nExample:\n  ./garrison account create "Ada" --email ada@example.org')
    .action(async (name: string, options) => {
      const { createAccount } = await import('./commands/account.ts')
      finish(await createAccount(context(), name, options))
    })
  account
    .command('list')
    .description('List accounts.')
    .option(configFlag, configWords, parsePath)
    .action(async (options) => {
      const { listAccounts } = await import('./commands/account.ts')
      finish(await listAccounts(context(), options))
    })
  account
    .command('link [account-or-email]')
    .description('Make a link that signs somebody in, once, within an hour.')
    .option(configFlag, configWords, parsePath)
    .addHelpText(
      'after',
      '\nExamples:\n  ./garrison account link\n  ./garrison account link ada@example.org',
    )
    .action(async (whom: string | undefined, options) => {
      const { linkAccount } = await import('./commands/account.ts')
      finish(await linkAccount(context(), whom, options))
    })
}

/** Only the giving is done on the database: whoever may do that has no need of a key. */
export function addCredits(
  program: Command,
  context: () => Context,
  finish: (code: ExitCode) => void,
): Command {
  const credits = program
    .command('credits')
    .description('What your account may spend; operators give it on this host.')
    .helpCommand(...groupHelp)
  credits
    .command('grant')
    .argument('<amount>', 'such as 25 or 0.50', parseAmount)
    .description('Give credits to an account of this host, in its currency.')
    .option('--account <id>', 'account (default: the first one)')
    .option('--for <words>', 'what for; shown in the credit history')
    .option('--reference <text>', 'booked once: saying the same again changes nothing')
    .option(configFlag, configWords, parsePath)
    .addHelpText(
      'after',
      `
A negative amount takes back, after asking, or at once with --yes; put "--" before it. Nothing is charged unless garrison.yaml says
"billing: { mode: prepaid }".

Examples:
  ./garrison credits grant 25 --account BRK-123456U --for "Welcome"
  ./garrison credits grant 100 --reference invoice-2026-07
  ./garrison credits grant --yes -- -5`,
    )
    .action(async (amount: number, options) => {
      const { grantCredits } = await import('./commands/credits.ts')
      finish(await grantCredits(context(), amount, options))
    })
  credits
    .command('refund')
    .argument('<order>', 'such as BRK-123456O')
    .description('Pay an order of credits back, and take the credits with it.')
    .option(
      '--amount <amount>',
      'a part of what was paid, tax included (default: all)',
      parseAmount,
    )
    .option('--for <words>', 'why; shown in the credit history')
    .option(configFlag, configWords, parsePath)
    .addHelpText(
      'after',
      `
For its buyer an order is final; this is for whoever runs the host. It asks the payment provider of
garrison.yaml, so name that file with --config if "up" has one.

Examples:
  ./garrison credits refund BRK-123456O
  ./garrison credits refund BRK-123456O --amount 10 --for "Outage of 3 May"`,
    )
    .action(async (order: string, options) => {
      const { refundOrder } = await import('./commands/credits.ts')
      finish(await refundOrder(context(), order, options))
    })
  return credits
}

export const addKeys: Add = (program, context, finish) => {
  const key = program
    .command('key')
    .helpCommand(...groupHelp)
    .description('API keys of an account.')
  const accountFlag = ['--account <id>', 'account (default: the first one)'] as const
  key
    .command('create <name>')
    .description('Make an API key and print it, once.')
    .option(...accountFlag)
    .option('--expires <date>', 'when it stops working (default: never)', parseFutureDate)
    .option('--read-only', 'may look at everything and change nothing')
    .addOption(new Option('--member', 'uses the account without deciding about it'))
    .addOption(
      new Option('--operator', 'an owner who also runs the installation').conflicts('member'),
    )
    .option(configFlag, configWords, parsePath)
    .addHelpText(
      'after',
      '\nExamples:\n  ./garrison key create laptop\n  ./garrison key create monitoring --read-only\n  KEY=$(./garrison key create ci --account BRK-123456U --expires 2030-12-31)',
    )
    .action(async (name: string, options) => {
      const { createKey } = await import('./commands/key.ts')
      finish(await createKey(context(), name, options))
    })
  key
    .command('list')
    .description('List the API keys of an account.')
    .option(...accountFlag)
    .option(configFlag, configWords, parsePath)
    .action(async (options) => {
      const { listKeys } = await import('./commands/key.ts')
      finish(await listKeys(context(), options))
    })
  key
    .command('revoke <name>')
    .description('Make an API key useless, at once and for ever.')
    .option(...accountFlag)
    .option(configFlag, configWords, parsePath)
    .addHelpText('after', '\nExample:\n  ./garrison key revoke laptop')
    .action(async (name: string, options) => {
      const { revokeKey } = await import('./commands/key.ts')
      finish(await revokeKey(context(), name, options))
    })
}
