/** `garrison vm ssh`: into a microVM through the installation's gateway. */
import { sshGatewaySetting } from '@garrison/contract/microvms/ssh-gateway'
import type { Command } from 'commander'
import type { Cloud, Run } from '../../cloud/cloud.ts'
import { examples } from '../../cloud/noun.ts'
import { acceptNewOption, runSsh } from '../../cloud/ssh.ts'
import { Failure } from '../../failure.ts'
import { microvms, vmOf } from './api.ts'

export function defineSsh(vm: Command, run: Run) {
  vm.command('ssh <vm> [command...]')
    .description('Log in by SSH with a key of your account, or run a command there.')
    .option('--identity <file>', 'private key')
    .option(...acceptNewOption)
    .addHelpText('after', examples('vm ssh tests', 'vm ssh tests -- uname -a'))
    .action(
      run(async (cloud, name: string, command: string[], { identity, acceptNew }) => {
        const { vm_id } = await vmOf(cloud, name)
        const { host, port } = await gatewayOf(cloud, name)
        const way = ['-p', String(port), `${vm_id}@${host}`]
        const key = identity === undefined ? [] : ['-i', identity]
        const elsewhere = ['ssh', ...way].join(' ')
        return runSsh(cloud.terminal, [...key, ...way, ...command], { elsewhere, acceptNew })
      }),
    )
}

async function gatewayOf(cloud: Cloud, name: string) {
  const { gateway } = await microvms(cloud).sshGateway()
  if (gateway === null) {
    throw new Failure('There is no SSH to microVMs in this installation', {
      advice: [
        `An operator turns it on: ${sshGatewaySetting} in garrison.yaml, such as 2222`,
        `A terminal without it: ./garrison vm shell ${name}`,
      ],
    })
  }
  if (cloud.terminal.interactive) {
    cloud.terminal.note(`The gateway's host key is ${gateway.host_key_fingerprint}`)
  }
  return gateway
}
