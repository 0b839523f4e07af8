/** `garrison vm env`, and the environment that a microVM begins with. */
import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import type { Run } from '../../cloud/cloud.ts'
import { examples } from '../../cloud/noun.ts'
import { Failure } from '../../failure.ts'
import { microvms, vmOf } from './api.ts'

type Environment = Readonly<Record<string, string>>

export type EnvironmentOptions = { readonly env?: Environment; readonly envFile?: Environment }

export const withEnvironment = (command: Command) =>
  command
    .option('--env <name=value>', 'set for all that runs in it; several times', collectPairs)
    .option(
      '--env-file <path>',
      'the same, a line for each; nobody sees it in a list of processes',
      readPairs,
    )

export const environmentOf = ({ env, envFile }: EnvironmentOptions): Environment | undefined =>
  env === undefined && envFile === undefined ? undefined : { ...envFile, ...env }

export function defineEnvironment(vm: Command, run: Run) {
  withEnvironment(vm.command('env <vm>'))
    .description('Set environment of a microVM that runs, for what it executes from then on.')
    .addHelpText(
      'after',
      `
For "vm exec", in Python and bash, until their state is lost, as by a time limit. Snapshots that are taken later
have it too; an environment that was given to "vm create" is in none.
${examples('vm env tests --env STAGE=test', 'vm env tests --env-file .env')}`,
    )
    .action(
      run(async (cloud, name: string, options: EnvironmentOptions) => {
        const env = environmentOf(options)
        if (env === undefined) {
          throw new Failure('Say what is to be set', {
            advice: [`Such as: ./garrison vm env ${name} --env STAGE=test`],
            exitCode: 2,
          })
        }
        const { vm_id } = await vmOf(cloud, name)
        const done = await microvms(cloud).stageEnv(vm_id, env)
        if (cloud.json) return cloud.terminal.printJson(done)
        const where = done.languages.join(' and ')
        cloud.terminal.print(`${done.staged.join(', ')} is set in ${name}, for ${where}.`)
      }),
    )
}

function collectPairs(text: string, before: Environment = {}): Environment {
  const pair = pairIn(text)
  if (pair === null) throw new InvalidArgumentError('Give NAME=value.')
  return { ...before, ...pair }
}

/** As docker has it: a line for each, taken as it is; nothing in empty lines and those that begin with #. */
function readPairs(file: string): Environment {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new InvalidArgumentError(`It cannot be read: ${(cause as Error).message}`)
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const pairs = lines.map(pairIn)
  const wrong = pairs.indexOf(null)
  if (wrong === -1) return Object.assign({}, ...pairs)
  // Not the line itself, which may be a secret.
  throw new InvalidArgumentError(`Its line ${wrong + 1} that says something is not NAME=value.`)
}

function pairIn(text: string): Environment | null {
  const at = text.indexOf('=')
  return at < 1 ? null : { [text.slice(0, at)]: text.slice(at + 1) }
}
