/** Into an instance: log in, its serial console, what it has printed. */
import type { Cloud } from '../../cloud/cloud.ts'
import { type Define, examples, wholeNumber } from '../../cloud/noun.ts'
import { acceptNewOption, runSsh } from '../../cloud/ssh.ts'
import { idOf } from '../../cloud/things.ts'
import { Failure } from '../../failure.ts'
import type { ExitCode } from '../context.ts'

export const defineLooking: Define = (instance, run) => {
  instance
    .command('ssh <instance> [command...]')
    .description('Log in, or run a command there.')
    .option('--user <name>', 'as somebody else than the image says')
    .option('--identity <file>', 'private key')
    .option(...acceptNewOption)
    .addHelpText(
      'after',
      examples(
        'instance ssh web-1',
        'instance ssh web-1 -- uname -a',
        'instance ssh web-1 --user me',
      ),
    )
    .action(
      run((cloud, name: string, command: string[], options) => ssh(cloud, name, command, options)),
    )

  instance
    .command('console <instance>')
    .description('Its serial console in this terminal; Ctrl-] leaves.')
    .addHelpText('after', examples('instance console web-1'))
    .action(
      run(async (cloud, name: string) => {
        const { attachConsole } = await import('./console.ts')
        return attachConsole(cloud, await idOf(cloud, 'instance', name))
      }),
    )

  instance
    .command('logs <instance>')
    .description('What it has printed on its serial console.')
    .option('--bytes <number>', 'how much of the end (default: 65536)', wholeNumber)
    .option('--startup', 'what the script of the first boot has printed, instead')
    .addHelpText('after', examples('instance logs web-1', 'instance logs web-1 --startup'))
    .action(run((cloud, name: string, options) => logs(cloud, name, options)))
}

type SshOptions = {
  readonly user?: string
  readonly identity?: string
  readonly acceptNew?: boolean
}

async function ssh(
  cloud: Cloud,
  name: string,
  command: readonly string[],
  { user, identity, acceptNew }: SshOptions,
): Promise<ExitCode> {
  const id = await idOf(cloud, 'instance', name)
  const { instance } = await cloud.garrison.instances.get(id)
  const { ssh_command, status, vm_name, simulated } = instance
  if (ssh_command === null) {
    throw new Failure(
      simulated ? `${vm_name} is simulated: nobody can log in` : `${vm_name} has no address yet`,
      { advice: [`It is ${status}. See: ./garrison instance show ${vm_name}`] },
    )
  }
  const [, ...args] = ssh_command.split(' ')
  const target = args.pop() ?? ''
  const address = user === undefined ? target : target.replace(/^[^@]*@/, `${user}@`)
  const all = [...args, ...(identity === undefined ? [] : ['-i', identity]), address, ...command]
  return runSsh(cloud.terminal, all, { elsewhere: ssh_command, acceptNew })
}

async function logs(
  cloud: Cloud,
  name: string,
  { bytes, startup = false }: { readonly bytes?: number; readonly startup?: boolean },
) {
  const { garrison, terminal, json } = cloud
  const id = await idOf(cloud, 'instance', name)
  if (startup) {
    const answer = await garrison.instances.startupLog(id)
    if (json) return terminal.printJson(answer)
    terminal.note(`The script of the first boot: ${answer.status}`)
    if (answer.log) terminal.print(answer.log.trimEnd())
    return
  }
  const answer = await garrison.instances.consoleLog(id, bytes === undefined ? {} : { bytes })
  if (json) terminal.printJson(answer)
  else terminal.print(answer.log.replaceAll('\r\n', '\n').trimEnd())
}
