/** `garrison events`: what happens. */
import { InvalidArgumentError } from 'commander'
import type { Cloud } from '../../cloud/cloud.ts'
import { collect, type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { idOf } from '../../cloud/things.ts'
import { humanAge } from '../../units.ts'

type Event = {
  readonly id: number
  readonly kind: string
  readonly subject: { readonly kind: string; readonly id: string }
  readonly data: Readonly<Record<string, unknown>>
  readonly created_at: string
}

export const define: Define = (events, run) => {
  events
    .command('list')
    .description('List what has happened, oldest first; with --follow what happens from now on.')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('--kind <kinds>', 'only these, such as snapshot.* or instance.active', collect)
    .option('--instance <instance>', 'only what happens to this instance')
    .option('--subject <id>', 'only what happens to the thing with this id')
    .option('--after <id>', 'only those after this event; 0: from the oldest', parseEventId)
    .option(...limitOption)
    .addHelpText(
      'after',
      examples('events list --limit 20', 'events list --follow --kind snapshot.*,instance.error'),
    )
    .action(
      run(async (cloud, { follow, kind, instance, subject, after, limit = 100 }) => {
        const about = instance === undefined ? subject : await idOf(cloud, 'instance', instance)
        const filter = { kinds: kind, subject: about }
        if (follow) return followEvents(cloud, { ...filter, after })
        const from = { ...filter, after: after ?? 0, limit: 500 }
        const found: Event[] = []
        for await (const event of cloud.garrison.events.list(from)) {
          found.push(event)
          // Without a place to begin at, the latest are meant.
          if (found.length > limit) {
            if (after !== undefined) break
            found.shift()
          }
        }
        await showList(cloud, found, {
          limit,
          none: 'Nothing has happened.',
          columns: [
            ['ID', ({ id }) => id, 'right'],
            ['WHEN', ({ created_at }) => humanAge(created_at)],
            ['WHAT', (event) => event.kind],
            ['OF', (event) => event.subject.id],
            ['', ({ data }) => detailOf(data)],
          ],
        })
      }),
    )
  events
    .command('kinds')
    .description('List the kinds of events there are.')
    .addHelpText('after', examples('events kinds'))
    .action(
      run(async (cloud) => {
        const { kinds } = await cloud.garrison.events.listKinds()
        await showList(cloud, kinds, {
          none: 'None.',
          columns: [
            ['KIND', ({ kind }) => kind],
            ['MEANS', ({ description }) => description],
          ],
        })
      }),
    )
}

/** A line each; with `--json` an object on each line, as programs like to read what never ends. */
async function followEvents(
  { garrison, terminal, json }: Cloud,
  query: Parameters<Cloud['garrison']['events']['stream']>[0],
) {
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  process.once('SIGINT', stop)
  try {
    for await (const { event, data } of garrison.events.stream(query, {
      signal: stopping.signal,
    })) {
      if (event === 'gone' || event === 'closed') continue
      if (json) terminal.printRaw(JSON.stringify(data))
      else terminal.printRaw(lineOf(data as Event))
    }
  } finally {
    process.off('SIGINT', stop)
  }
}

const lineOf = ({ created_at, kind, subject, data }: Event) =>
  `${created_at.slice(11, 19)}  ${kind.padEnd(26)}  ${subject.id}  ${detailOf(data)}`.trimEnd()

function detailOf({ name, reason, step }: Event['data']) {
  return [name, step, reason].filter((each) => typeof each === 'string').join(' · ') || ' '
}

function parseEventId(text: string) {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give the id of an event, or 0.')
}
