import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { useInstance } from '../instances/use-instance.ts'
import { cx } from '../ui/cx.ts'
import { bytes } from '../ui/format.ts'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Chart, type Curve } from './chart.tsx'

type Point = Answer<'get', '/api/instances/{instance_id}/metrics/'>['points'][number]

const spans = [
  { hours: 1, words: 'Last hour', step: 60 },
  { hours: 6, words: '6 hours', step: 300 },
  { hours: 24, words: '24 hours', step: 900 },
] as const

const percent = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} %`
const perSecond = (value: number) => `${bytes(value)}/s`

type Value = Exclude<keyof Point, 'at'>
const charts: readonly {
  title: string
  format: (value: number) => string
  curves: readonly (readonly [words: string, value: Value])[]
  /** Left out where nothing was ever measured. */
  optional?: true
}[] = [
  { title: 'CPU', format: percent, curves: [['of all vCPUs', 'cpu_percent']] },
  {
    title: 'Memory',
    format: bytes,
    curves: [
      ['in use', 'memory_used_bytes'],
      ['there', 'memory_total_bytes'],
    ],
  },
  {
    title: 'Disk',
    format: perSecond,
    curves: [
      ['read', 'disk_read_bytes_per_second'],
      ['written', 'disk_write_bytes_per_second'],
    ],
  },
  {
    title: 'Network',
    format: perSecond,
    curves: [
      ['received', 'network_received_bytes_per_second'],
      ['sent', 'network_sent_bytes_per_second'],
    ],
  },
  { title: 'GPU', format: percent, curves: [['busy', 'gpu_percent']], optional: true },
]

/** What the machine used, on one time axis with one crosshair. */
export function MetricsTab() {
  const { instance_id } = useInstance()
  const { hours = spans[0].hours } = useSearch({ from: '/shell/instances/$id/metrics' })
  const navigate = useNavigate({ from: '/instances/$id/metrics' })
  const span = spans.find((each) => each.hours === hours) ?? spans[0]
  const choose = (chosen: number) =>
    void navigate({
      search: { hours: chosen === spans[0].hours ? undefined : chosen },
      replace: true,
      resetScroll: false,
    })
  const { data, error, refetch } = useQuery({
    ...reading('/api/instances/{instance_id}/metrics/', {
      params: { instance_id },
      query: { step: span.step, from: fromOf(span.hours) },
    }),
    refetchInterval: 60_000,
  })
  if (error) return <Problem error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading what="metrics" />
  const points = data.points
  const times = points.map((point) => new Date(point.at).getTime() / 1000)
  return (
    <div className="flex flex-col gap-6">
      <fieldset className="flex gap-1">
        <legend className="sr-only">Time</legend>
        {spans.map((each) => (
          <button
            key={each.hours}
            type="button"
            aria-pressed={each === span}
            onClick={() => choose(each.hours)}
            className={cx(
              'h-(--control) rounded-md px-3',
              each === span
                ? 'bg-accent-soft font-medium text-accent'
                : 'text-ink-2 hover:bg-hover',
            )}
          >
            {each.words}
          </button>
        ))}
      </fieldset>
      {charts.map(({ title, format, curves, optional }) => {
        const drawn: readonly Curve[] = curves.map(([words, value]) => ({
          words,
          values: points.map((point) => point[value]),
        }))
        const measured = drawn.some(({ values }) => values.some((value) => value !== null))
        if (optional && !measured) return null
        return (
          <Chart
            key={title}
            title={title}
            times={times}
            curves={drawn}
            format={format}
            empty={!measured}
          />
        )
      })}
      <p className="text-sm text-ink-3">
        Measured once a minute from outside the machine, and kept for a day. Gaps: it did not run.
      </p>
    </div>
  )
}

/** To the whole minute, so that a page that is looked at does not ask for a new span each time. */
const fromOf = (hours: number) =>
  new Date(Math.floor(Date.now() / 60_000) * 60_000 - hours * 3_600_000).toISOString()
