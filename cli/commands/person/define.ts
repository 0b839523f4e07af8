/** `garrison person`: who may use the account. */
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { idOf } from '../../cloud/things.ts'
import { parseRole } from '../../options.ts'
import { humanAge } from '../../units.ts'

const roleOption = ['--role <role>', 'member or owner, at most your own', parseRole] as const

export const define: Define = (person, run) => {
  person
    .command('list')
    .description('List the people of your account, and who is invited.')
    .addHelpText('after', examples('person list'))
    .action(
      run(async (cloud) => {
        const { people } = await cloud.garrison.people.list()
        await showList(cloud, people, {
          none: 'Nobody yet. Invite somebody: ./garrison person invite grace@example.org',
          columns: [
            ['E-MAIL', ({ email }) => email],
            ['NAME', ({ name, current }) => (current ? `${name} (you)`.trim() : name)],
            ['ROLE', ({ role }) => role],
            ['STATE', ({ status }) => status],
            ['SINCE', ({ joined_at, invited_at }) => humanAge(joined_at ?? invited_at)],
          ],
        })
      }),
    )
  person
    .command('invite <email>')
    .description('Invite somebody; they get a link that works for 7 days.')
    .option(...roleOption)
    .option('--name <name>', 'how they are called')
    .addHelpText('after', examples('person invite grace@example.org --role owner'))
    .action(
      run(async (cloud, email: string, { role, name }) => {
        const answer = await cloud.garrison.people.invite({ email, role, name })
        if (cloud.json) cloud.terminal.printJson(answer.person)
        else cloud.terminal.print(`${email} is invited as ${answer.person.role}.`)
      }),
    )
  person
    .command('resend <person>')
    .description('Send an invitation again; the link before stops working.')
    .addHelpText('after', examples('person resend grace@example.org'))
    .action(
      run(async (cloud, who: string) => {
        const id = await idOf(cloud, 'person', who)
        const answer = await cloud.garrison.people.resendInvitation(id)
        if (cloud.json) cloud.terminal.printJson(answer.person)
        else cloud.terminal.print(`The invitation of ${who} is sent again.`)
      }),
    )
  person
    .command('change <person>')
    .description('Give somebody another role. It counts at once, for their keys too.')
    .requiredOption(...roleOption)
    .addHelpText('after', examples('person change grace@example.org --role member'))
    .action(
      run(async (cloud, who: string, { role }) => {
        const answer = await cloud.garrison.people.change(await idOf(cloud, 'person', who), {
          role,
        })
        if (cloud.json) cloud.terminal.printJson(answer.person)
        else cloud.terminal.print(`${who} is ${answer.person.role} now.`)
      }),
    )
  person
    .command('remove <person>')
    .description('Let somebody act no more; their sessions and keys end at once.')
    .addHelpText('after', examples('person remove grace@example.org'))
    .action(
      run(async (cloud, who: string) => {
        const id = await idOf(cloud, 'person', who)
        await confirmLoss(cloud, `Remove ${who} from the account, with their keys?`)
        const answer = await cloud.garrison.people.remove(id)
        if (cloud.json) cloud.terminal.printJson(answer)
        else cloud.terminal.print(`${who} is removed.`)
      }),
    )
}
