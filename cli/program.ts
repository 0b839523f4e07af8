/**
 * The commands and their help. What a command does is loaded only when it runs, so that help and mistakes
 * are answered at once.
 */
import type { Command } from 'commander'
import { addCloudCommands, addSingleCommands, fillNoun } from './cloud-commands.ts'
import type { Context, ExitCode } from './commands/context.ts'

import {
  addAccounts,
  addCredits,
  addKeys,
  addServerCommands,
  addUninstall,
} from './host-commands.ts'
import { fill } from './lazy-commands.ts'
import { parsePath } from './options.ts'
import { addSessionCommands } from './session-commands.ts'
import { SpokenCommand } from './spoken-command.ts'
import type { Terminal } from './terminal.ts'
import { version } from './version.ts'

type Shared = { data?: string; context?: string; json?: true; yes?: true }

const exitCodes = `
Exit codes:
  0  done
  1  failed, or not as wished (status: not ready; check: something failed)
  2  the command line was not understood`

/** `finish` is told how the command that ran ended; it is not called when none ran. */
export function createProgram(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = new SpokenCommand('garrison')
  const context = (): Context => {
    const { data, context: name, json = false, yes = false } = program.opts<Shared>()
    if (data !== undefined) terminal.suggestWith(`--data ${quoted(data)}`)
    return { terminal, data, context: name, json, yes }
  }

  // Before subcommands are made, which inherit it.
  program
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .description('Turns machines that you own into a cloud.')
    .helpCommand(false)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option(
      '-d, --data <dir>',
      'data folder (default: /var/lib/garrison as root, ~/.local/share/garrison otherwise)',
      parsePath,
    )
    .option('--context <name>', 'the Garrison to talk to, see "garrison context list"')
    .option('--json', 'print JSON for scripts')
    .option('-y, --yes', 'answer every question with yes')
    .addHelpText(
      'after',
      `
Examples:
  sudo ./garrison up             real machines on this host
  ./garrison up --demo           look around: simulated machines, no root, no QEMU
  ./garrison status
  ./garrison instance create web-1
  ./garrison instance ssh web-1
${exitCodes}`,
    )

  program.commandsGroup('The Garrison of this host, on its data folder:')
  addServerCommands(program, context, finish)
  addAccounts(program, context, finish)
  addKeys(program, context, finish)
  addUninstall(program, context, finish)
  program.commandsGroup('Your cloud, here or elsewhere, over its API:')
  addCloudCommands(program, context, finish)
  fillNoun(
    addCredits(program, context, finish),
    () => import('./commands/credits/define.ts'),
    context,
    finish,
  )
  addSingleCommands(program, context, finish)
  program.commandsGroup('Which cloud:')
  addSessionCommands(program, context, finish)
  program.commandsGroup('Other commands:')
  addHelp(program)
  return program
}

/** As a shell wants it. */
const quoted = (path: string) =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`

/** Commander's own looks only at the first word. */
function addHelp(program: Command) {
  program
    .command('help [command...]')
    .description('Show help for a command.')
    .action(async (names: string[]) => {
      let shown = program
      for (const name of names) {
        await fill(shown)
        const next = shown.commands.find((each) => each.name() === name)
        if (next === undefined) {
          return shown.error(`unknown command '${name}'`, { code: 'commander.unknownCommand' })
        }
        shown = next
      }
      await fill(shown)
      shown.outputHelp()
    })
}
