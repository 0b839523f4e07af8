/** Which cloud, and what a shell knows of it. */
import type { Command } from 'commander'
import { examples } from './cloud/noun.ts'
import type { Context, ExitCode } from './commands/context.ts'
import { fillLater } from './lazy-commands.ts'
import { shells } from './shells.ts'

export function addSessionCommands(
  program: Command,
  context: () => Context,
  finish: (code: ExitCode) => void,
) {
  program
    .command('login <url>')
    .description('Log in to a Garrison, by the browser or with an API key.')
    .option('--key <key>', 'the key; "-" reads it from standard input (default: asks)')
    .option('--no-browser', 'ask for a key, even where a browser could be opened')
    .option('--name <name>', 'what the context is called (default: the host)')
    .addHelpText(
      'after',
      examples('login https://cloud.example.org', 'login http://127.0.0.1:8600 --key - < key.txt'),
    )
    .action(async (url: string, options) => {
      const { login } = await import('./commands/session/login.ts')
      finish(await login(context(), url, options))
    })
  program
    .command('logout [context]')
    .description('Forget a login (default: the one in use).')
    .addHelpText('after', examples('logout', 'logout cloud.example.org'))
    .action(async (name: string | undefined) => {
      const { logout } = await import('./commands/session/login.ts')
      finish(await logout(context(), name))
    })
  program
    .command('whoami')
    .description('Show which cloud commands talk to, and as whom.')
    .addHelpText('after', examples('whoami'))
    .action(async (...args) => {
      const [{ createRun }, { whoami }] = await Promise.all([
        import('./cloud/cloud.ts'),
        import('./commands/session/whoami.ts'),
      ])
      await createRun(context, finish)(whoami)(args.at(-1))
    })

  const contexts = program
    .command('context')
    .description('Several clouds, one at a time.')
    .helpCommand('help [command]', 'Show help for a command.')
  fillLater(contexts, async () => {
    const { defineContexts } = await import('./commands/session/context.ts')
    defineContexts(contexts, context, finish)
  })

  program
    .command('completion <shell>')
    .description(`Print what lets a shell complete commands: ${shells.join(', ')}.`)
    .addHelpText(
      'after',
      `
bash  source <(./garrison completion bash)       in ~/.bashrc
zsh   source <(./garrison completion zsh)        in ~/.zshrc, after compinit
fish  ./garrison completion fish | source        in ~/.config/fish/config.fish`,
    )
    .action(async (shell: string) => {
      const { printCompletion } = await import('./commands/session/completion.ts')
      finish(printCompletion(context(), shell))
    })
  program
    .command('__complete [words...]', { hidden: true })
    .helpOption(false)
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const { complete } = await import('./commands/session/complete.ts')
      finish(await complete(program, context(), words))
    })
}
