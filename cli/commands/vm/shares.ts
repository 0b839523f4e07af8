/** `garrison vm share`: ports of microVMs at addresses of their own. */
import type { Command } from 'commander'
import type { Cloud, Run } from '../../cloud/cloud.ts'
import { confirmLoss } from '../../cloud/confirm.ts'
import { examples, limitOption, wholeNumber } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { humanAge } from '../../units.ts'
import { microvms, type Share, shareOf, vmOf } from './api.ts'

export function defineShares(vm: Command, run: Run) {
  const share = vm
    .command('share')
    .description('Ports of microVMs at addresses of their own: create, list, change, revoke.')
  share
    .command('list [vm]')
    .description('List shares, of one microVM or of all.')
    .option(...limitOption)
    .addHelpText('after', examples('vm share list', 'vm share list tests'))
    .action(
      run(async (cloud, name: string | undefined, { limit }) => {
        const of = name === undefined ? null : (await vmOf(cloud, name)).vm_id
        const all = await microvms(cloud).shares()
        await showList(cloud, of === null ? all : all.filter(({ vm_id }) => vm_id === of), {
          limit,
          none: 'No shares. Make one: ./garrison vm share create VM PORT',
          columns: [
            ['NAME', (row) => row.name],
            ['VM', ({ vm_id }) => vm_id],
            ['PORT', ({ port }) => port, 'right'],
            ['FOR', whoFor],
            ['ADDRESS', ({ url }) => url],
            ['CREATED', ({ created_at }) => humanAge(created_at)],
          ],
        })
      }),
    )
  share
    .command('create <vm> <port>')
    .description('Share a port, for whoever has a key of your account.')
    .option('--public', 'for everybody who knows the address')
    .addHelpText('after', examples('vm share create tests 8080 --public'))
    .action(
      run(async (cloud, name: string, port: string, { public: is_public = false }) => {
        const { vm_id } = await vmOf(cloud, name)
        const body = { vm_id, port: wholeNumber(port), is_public }
        toldShare(cloud, await microvms(cloud).share(body))
      }),
    )
  for (const who of ['public', 'private'] as const) {
    share
      .command(`${who} <share>`)
      .description(
        who === 'public'
          ? 'Let everybody in who knows the address.'
          : 'Let in only who has a key of your account; others are cut off.',
      )
      .addHelpText('after', examples(`vm share ${who} quiet-amber-otter`))
      .action(
        run(async (cloud, text: string) => {
          const { share_id } = await shareOf(cloud, text)
          toldShare(cloud, await microvms(cloud).changeShare(share_id, who === 'public'))
        }),
      )
  }
  share
    .command('revoke <share>')
    .description('End a share; its address is never given again.')
    .addHelpText('after', examples('vm share revoke quiet-amber-otter'))
    .action(
      run(async (cloud, text: string) => {
        const { share_id, name } = await shareOf(cloud, text)
        await confirmLoss(cloud, `Revoke ${name}, whose address then leads nowhere?`)
        const revoked = await microvms(cloud).revokeShare(share_id)
        if (cloud.json) cloud.terminal.printJson(revoked)
        else cloud.terminal.print(`${name} is revoked.`)
      }),
    )
}

const whoFor = ({ is_public }: Share) => (is_public ? 'everybody' : 'your account')

export function toldShare(cloud: Cloud, made: Share) {
  if (cloud.json) return cloud.terminal.printJson(made)
  cloud.terminal.print(`Port ${made.port} is at ${made.url}, for ${whoFor(made)}.`)
}
