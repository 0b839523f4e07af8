/** Commands that work over the API: each noun with what it is, and where its commands are. */
import type { Command } from 'commander'
import { type Define, examples } from './cloud/noun.ts'
import type { Context, ExitCode } from './commands/context.ts'
import { fillLater } from './lazy-commands.ts'

type Load = () => Promise<{ define: Define }>
type Noun = readonly [name: string, description: string, load: Load]

const nouns: readonly Noun[] = [
  ['instance', 'Machines: make, use, stop, delete.', () => import('./commands/instance/define.ts')],
  [
    'snapshot',
    'Points in time of a machine; also as files.',
    () => import('./commands/snapshot/define.ts'),
  ],
  [
    'vm',
    'MicroVMs: ready in milliseconds, and gone by themselves.',
    () => import('./commands/vm/define.ts'),
  ],
  ['image', 'What new machines begin as.', () => import('./commands/image/define.ts')],
  ['volume', 'Disks with a life of their own.', () => import('./commands/volume/define.ts')],
  [
    'firewall',
    'Rules that any number of machines share.',
    () => import('./commands/firewall/define.ts'),
  ],
  ['ssh-key', 'Who is let into new machines.', () => import('./commands/ssh-key/define.ts')],
  ['script', 'What new machines run at first.', () => import('./commands/script/define.ts')],
  [
    'policy',
    'Snapshots that are taken by themselves.',
    () => import('./commands/policy/define.ts'),
  ],
  ['region', 'Where machines can be.', () => import('./commands/catalog/regions.ts')],
  ['flavor', 'Shapes of machines without GPU.', () => import('./commands/catalog/flavors.ts')],
  [
    'deploy-request',
    'Deployments that wait for room.',
    () => import('./commands/deploy-request/define.ts'),
  ],
  [
    'operation',
    'Changes that take time, and how they end.',
    () => import('./commands/operation/define.ts'),
  ],
  [
    'billing',
    'What has been used, and what it cost.',
    () => import('./commands/billing/define.ts'),
  ],
  ['events', 'What happens, as it happens.', () => import('./commands/events/define.ts')],
  ['webhook', 'Where events are sent.', () => import('./commands/webhook/define.ts')],
  ['budget', 'How much may be used in a month.', () => import('./commands/budget/define.ts')],
  [
    'api-key',
    'API keys of your account, for programs.',
    () => import('./commands/api-key/define.ts'),
  ],
  ['person', 'Who may use your account.', () => import('./commands/person/define.ts')],
  ['profile', 'Whose account it is.', () => import('./commands/profile/define.ts')],
  ['audit', 'Who did what.', () => import('./commands/audit/define.ts')],
  [
    'operator',
    'The whole installation, for those who run it.',
    () => import('./commands/operator/define.ts'),
  ],
]

export function addCloudCommands(
  program: Command,
  context: () => Context,
  finish: (code: ExitCode) => void,
) {
  for (const [name, description, load] of nouns) {
    const noun = program
      .command(name)
      .description(description)
      .helpCommand('help [command]', 'Show help for a command.')
    fillNoun(noun, load, context, finish)
  }
}

export function fillNoun(
  noun: Command,
  load: Load,
  context: () => Context,
  finish: (code: ExitCode) => void,
) {
  fillLater(noun, async () => {
    const [{ define }, { createRun }] = await Promise.all([load(), import('./cloud/cloud.ts')])
    define(noun, createRun(context, finish))
  })
}

/** Those without further words. */
export function addSingleCommands(
  program: Command,
  context: () => Context,
  finish: (code: ExitCode) => void,
) {
  program
    .command('stock')
    .description('How many machines with GPUs there is room for.')
    .option('--region <name>', 'only in this region')
    .option('--gpu <model>', 'only of this model')
    .addHelpText('after', examples('stock', 'stock --gpu RTX-A6000'))
    .action(async (options, command) => {
      const [{ createRun }, { stock }] = await Promise.all([
        import('./cloud/cloud.ts'),
        import('./commands/catalog/stock.ts'),
      ])
      await createRun(context, finish)(stock)(options, command)
    })

  program
    .command('ask [question...]')
    .description('Ask the assistant, which knows what you have; it changes nothing.')
    .option('--model <id>', 'one of "garrison ask --models" (default: the first)')
    .option('--models', 'list the models, and what they cost')
    .option('--no-tools', 'let it look at nothing of yours')
    .addHelpText(
      'after',
      examples('ask "Which of my machines cost the most?"', 'ask how do I get more disk for web-1'),
    )
    .action(async (question: string[], options, command) => {
      const [{ createRun }, { ask }] = await Promise.all([
        import('./cloud/cloud.ts'),
        import('./commands/assistant/ask.ts'),
      ])
      await createRun(context, finish)(ask)(question, options, command)
    })
}
