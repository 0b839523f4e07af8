/** `garrison audit`: who did what. */
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { parseMoment } from '../../options.ts'
import { humanTime } from '../../units.ts'

export const define: Define = (audit, run) => {
  audit
    .command('list')
    .description('List who did what, newest first.')
    .option('--action <action>', 'only this, or what begins so, such as volume.')
    .option(
      '--actor <who>',
      'only by this person or key: an id, an e-mail address, a name of a key',
    )
    .option('--subject <id>', 'only what was done to this')
    .option('--from <date>', 'not before then', parseMoment)
    .option('--to <date>', 'before then', parseMoment)
    .option(...limitOption)
    .addHelpText(
      'after',
      examples('audit list --action volume. --from 2026-01-01', 'audit list --actor ci --json'),
    )
    .action(
      run((cloud, { limit = 50, from, to, ...filters }) =>
        showList(
          cloud,
          cloud.garrison.audit.list({
            ...filters,
            from: from?.toISOString(),
            to: to?.toISOString(),
            page_size: Math.min(limit, 100),
          }),
          {
            limit,
            none: 'Nothing of that is recorded.',
            columns: [
              ['WHEN', ({ at }) => humanTime(at)],
              ['WHO', ({ actor }) => actorOf(actor)],
              ['DID', ({ action }) => action],
              ['TO', ({ subject }) => subject.name ?? subject.id],
              ['FROM', ({ address }) => address],
            ],
          },
        ),
      ),
    )
}

type Actor = {
  readonly person: { readonly name: string; readonly email: string | null } | null
  readonly api_key: { readonly name: string } | null
}

/** With neither, it was whoever has the host, or something that was arranged to happen. */
const actorOf = ({ person, api_key }: Actor) =>
  [person?.email ?? person?.name, api_key && `key ${api_key.name}`]
    .filter((each) => Boolean(each))
    .join(', ')
