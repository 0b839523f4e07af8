/** `garrison api-key`: keys of one's own account, over the API; `garrison key` works on the host itself. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { idOf } from '../../cloud/things.ts'
import { parseFutureDate } from '../../options.ts'
import { humanAge } from '../../units.ts'

export const define: Define = (key, run) => {
  key
    .command('list')
    .description('List the API keys that you may see.')
    .addHelpText('after', examples('api-key list'))
    .action(
      run(async (cloud) => {
        const { api_keys } = await cloud.garrison.apiKeys.list()
        await showList(cloud, api_keys, {
          none: 'No API keys. Make one: ./garrison api-key create NAME',
          columns: [
            ['NAME', ({ name, current }) => (current ? `${name} (this one)` : name)],
            ['BEGINS WITH', ({ prefix }) => `${prefix}…`],
            ['ROLE', ({ role }) => role],
            ['MAY', ({ access }) => (access === 'full' ? 'change' : 'only read')],
            ['LAST USED', ({ last_used_at }) => humanAge(last_used_at)],
            ['EXPIRES', ({ expires_at }) => humanAge(expires_at)],
          ],
        })
      }),
    )
  key
    .command('create <name>')
    .description('Make an API key and print it, once.')
    .option('--read-only', 'it changes nothing')
    .option('--role <role>', 'member or owner, at most your own')
    .option('--expires <date>', 'when it stops working (default: never)', parseFutureDate)
    .addHelpText(
      'after',
      examples(
        'api-key create ci --read-only --expires 2030-12-31',
        'api-key create deploy --role member',
      ),
    )
    .action(
      run(async (cloud, name: string, { readOnly = false, role, expires }) => {
        const { terminal, garrison, json } = cloud
        const answer = await garrison.apiKeys.create({
          name,
          role,
          access: readOnly ? 'read-only' : 'full',
          expires_at: expires?.toISOString(),
        })
        if (json) return terminal.printJson(answer)
        terminal.printRaw(answer.key ?? '')
        terminal.note('Keep it: only its hash is stored, and nobody can show it again.')
      }),
    )
  key
    .command('revoke <api-key>')
    .description('Make an API key useless, at once and for ever.')
    .addHelpText('after', examples('api-key revoke ci'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'api-key', name)
        await confirmLoss(cloud, `Revoke ${name}, so that whatever uses it is refused?`)
        const answer = await cloud.garrison.apiKeys.revoke(id)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${name} is revoked; requests with it get 401.`)
      }),
    )
}
