/** `garrison billing`: what has been used, and what it cost. */
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { type Column, showList } from '../../cloud/show.ts'
import { humanAge, humanDuration, humanMoney } from '../../units.ts'

type Record = {
  readonly start_time: string
  readonly end_time: string | null
  readonly total_duration_minutes: number
  readonly total_cost: number
  readonly currency: string
  readonly status: string
}

const rest: readonly Column<Record>[] = [
  ['STATUS', ({ status }) => status],
  ['BEGAN', ({ start_time }) => humanAge(start_time)],
  ['MINUTES', ({ total_duration_minutes }) => total_duration_minutes, 'right'],
  ['TIME', ({ total_duration_minutes: minutes }) => humanDuration(minutes * 60_000), 'right'],
  ['COST', (row) => humanMoney(row.total_cost, row.currency), 'right'],
]

export const define: Define = (billing, run) => {
  const nouns = { instances: 'instance', snapshots: 'snapshot', volumes: 'volume' } as const
  for (const [plural, noun] of Object.entries(nouns) as [keyof typeof nouns, string][]) {
    billing
      .command(plural)
      .description(`List what ${plural} have cost, those that are gone too.`)
      .option('--from <date>', 'from this day or moment on')
      .option('--to <date>', 'until this day or moment')
      .option(...limitOption)
      .addHelpText('after', examples(`billing ${plural}`, `billing ${plural} --from 2026-01-01`))
      .action(
        run(async (cloud, { from, to, limit = 50 }) => {
          const { billing: records } = cloud.garrison
          const range = { start_date: from, end_date: to }
          const none = `No ${noun} has cost anything.`
          const named = <Row extends Record>(heading: string, name: (row: Row) => string) =>
            ({ limit, none, columns: [[heading, name] as const, ...rest] }) as const
          if (plural === 'instances') {
            const list = named('INSTANCE', (row: Record & { vm_name: string }) => row.vm_name)
            return showList(cloud, records.instances(range), list)
          }
          if (plural === 'snapshots') {
            const list = named(
              'SNAPSHOT',
              (row: Record & { snapshot_name: string }) => row.snapshot_name,
            )
            return showList(cloud, records.snapshots(range), list)
          }
          const list = named('VOLUME', (row: Record & { volume_name: string }) => row.volume_name)
          return showList(cloud, records.volumes(range), list)
        }),
      )
  }
}
