/** `garrison vm egress`: what a microVM may reach. */
import type { EgressPolicyRequest } from '@garrison/contract/microvms/egress'
import type { Command } from 'commander'
import type { Run } from '../../cloud/cloud.ts'
import { collect, examples } from '../../cloud/noun.ts'
import { showThing } from '../../cloud/show.ts'
import { microvms, vmOf } from './api.ts'

export type PolicyOptions = {
  readonly packageManagers?: boolean
  readonly https?: boolean
  readonly http?: boolean
  readonly domain?: string[]
  readonly network?: string[]
}

export const withPolicy = (command: Command) =>
  command
    .option('--package-managers', 'it may reach registries of Debian, Ubuntu, Alpine, PyPI and npm')
    .option('--https', 'it may reach port 443 of everything in the internet')
    .option('--http', 'it may reach port 80 of everything in the internet')
    .option(
      '--domain <names>',
      'it may reach this name and those below; several with commas',
      collect,
    )
    .option(
      '--network <cidrs>',
      'it may reach this network, such as 203.0.113.0/24; several with commas',
      collect,
    )

export const namesPolicy = (options: PolicyOptions): boolean =>
  Object.values(policyOf(options)).some((value) => value !== undefined)

/** What is not named is not allowed. */
export const policyOf = (options: PolicyOptions): EgressPolicyRequest => ({
  allow_package_managers: options.packageManagers,
  allow_https: options.https,
  allow_http: options.http,
  allowed_domains: options.domain,
  allowed_cidrs: options.network,
})

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
  withPolicy(egress.command('set <vm>'))
    .description('Set what a microVM may reach; what is not named is refused from then on.')
    .addHelpText(
      'after',
      examples('vm egress set tests --package-managers --domain api.example.com'),
    )
    .action(
      run(async (cloud, name: string, options: PolicyOptions) => {
        const { vm_id } = await vmOf(cloud, name)
        const policy = await microvms(cloud).setEgress(vm_id, policyOf(options))
        if (cloud.json) return cloud.terminal.printJson(policy)
        const when = policy.in_force ? 'in force' : 'accepted, and in force soon'
        cloud.terminal.print(`What ${name} may reach is ${when}.`)
      }),
    )
}
