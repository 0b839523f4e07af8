/** `garrison vm egress`: what a microVM may reach. */
import type { Command } from 'commander'
import type { Run } from '../../cloud/cloud.ts'
import { collect, examples } from '../../cloud/noun.ts'
import { showThing } from '../../cloud/show.ts'
import { microvms, vmOf } from './api.ts'

export function defineEgress(vm: Command, run: Run) {
  const egress = vm.command('egress').description('What a microVM may reach: show it, set it.')
  egress
    .command('show <vm>')
    .description('Show what a microVM may reach.')
    .addHelpText('after', examples('vm egress show tests'))
    .action(
      run(async (cloud, name: string) => {
        const { vm_id } = await vmOf(cloud, name)
        showThing(cloud, await microvms(cloud).egress(vm_id))
      }),
    )
  egress
    .command('set <vm>')
    .description('Set what a microVM may reach; what is not named is refused from then on.')
    .option('--package-managers', 'registries of Debian, Ubuntu, Alpine, PyPI and npm')
    .option('--https', 'port 443 of everything in the internet')
    .option('--http', 'port 80 of everything in the internet')
    .option('--domain <names>', 'with the names below it; several with commas', collect)
    .option('--network <cidrs>', 'such as 203.0.113.0/24; several with commas', collect)
    .addHelpText(
      'after',
      examples('vm egress set tests --package-managers --domain api.example.com'),
    )
    .action(
      run(async (cloud, name: string, { packageManagers, https, http, domain, network }) => {
        const { vm_id } = await vmOf(cloud, name)
        const policy = await microvms(cloud).setEgress(vm_id, {
          ...{ allow_package_managers: packageManagers, allow_https: https, allow_http: http },
          ...{ allowed_domains: domain, allowed_cidrs: network },
        })
        if (cloud.json) return cloud.terminal.printJson(policy)
        const when = policy.in_force ? 'in force' : 'accepted, and in force soon'
        cloud.terminal.print(`What ${name} may reach is ${when}.`)
      }),
    )
}
