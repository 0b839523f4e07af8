/** `garrison billing`: what has been used, and what it cost. */
import { vmName } from '@garrison/contract/microvms/facts'
import type { Garrison } from '@garrison/sdk'
import type { Cloud } from '../../cloud/cloud.ts'
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { type Column, showList } from '../../cloud/show.ts'
import { humanAge, humanDuration, humanMoney } from '../../units.ts'
import { microvms } from '../vm/api.ts'

type Record = {
  readonly start_time: string
  readonly end_time: string | null
  readonly total_duration_minutes: number
  readonly total_duration_seconds?: number | null
  readonly total_cost: number
  readonly currency: string
  readonly status: string
}
type Range = { start_date: string | undefined; end_date: string | undefined }
type Records = Garrison['billing']

const rest: readonly Column<Record>[] = [
  ['STATUS', ({ status }) => status],
  ['BEGAN', ({ start_time }) => humanAge(start_time)],
  ['MINUTES', ({ total_duration_minutes }) => total_duration_minutes, 'right'],
  ['TIME', (row) => humanDuration(secondsOf(row) * 1000), 'right'],
  ['COST', (row) => humanMoney(row.total_cost, row.currency), 'right'],
]

const secondsOf = ({ total_duration_seconds: seconds, total_duration_minutes: minutes }: Record) =>
  seconds ?? minutes * 60

export const define: Define = (billing, run) => {
  function list<Row extends Record>(
    plural: keyof Records,
    words: { of: string; none: string },
    rows: (records: Records, range: Range) => AsyncIterable<Row>,
    headed: (cloud: Cloud) => readonly Column<Row>[] | Promise<readonly Column<Row>[]>,
  ) {
    billing
      .command(plural)
      .description(`List what ${words.of} have cost, those that are gone too.`)
      .option('--from <date>', 'from this day or moment on')
      .option('--to <date>', 'until this day or moment')
      .option(...limitOption)
      .addHelpText('after', examples(`billing ${plural}`, `billing ${plural} --from 2026-01-01`))
      .action(
        run(async (cloud, { from, to, limit = 50 }) =>
          showList(cloud, rows(cloud.garrison.billing, { start_date: from, end_date: to }), {
            limit,
            none: `No ${words.none} has cost anything.`,
            columns: cloud.json ? [] : [...(await headed(cloud)), ...rest],
          }),
        ),
      )
  }
  list(
    'instances',
    { of: 'instances', none: 'instance' },
    (records, range) => records.instances(range),
    () => [['INSTANCE', ({ vm_name }) => vm_name]],
  )
  list(
    'snapshots',
    { of: 'snapshots', none: 'snapshot' },
    (records, range) => records.snapshots(range),
    () => [['SNAPSHOT', ({ snapshot_name }) => snapshot_name]],
  )
  list(
    'volumes',
    { of: 'volumes', none: 'volume' },
    (records, range) => records.volumes(range),
    () => [['VOLUME', ({ volume_name }) => volume_name]],
  )
  list(
    'microvms',
    { of: 'microVMs and their snapshots', none: 'microVM or snapshot of one' },
    (records, range) => records.microvms(range),
    async (cloud) => {
      // Records know a VM by its id; its name is among its metadata, for a day after its end.
      const vms = await microvms(cloud).list(true)
      const names = new Map(vms.map((vm) => [vm.vm_id, vmName(vm)]))
      return [
        ['NAME', (row) => names.get(row.resource_id) ?? row.resource_name],
        ['ID', ({ resource_id }) => resource_id],
        ['TYPE', ({ resource_type }) => (resource_type === 'microvm' ? 'microVM' : 'snapshot')],
      ]
    },
  )
}
