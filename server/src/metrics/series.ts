/**
 * From counters to a curve. Two samples that follow each other say how much was used between them, unless
 * the counters began anew or nobody looked for a while: then nobody knows, and a gap is no zero. A step
 * of the curve is the average over what was measured in it.
 */
import { type MetricsPoint, sampleSeconds } from '@garrison/contract/instances/metrics-routes'
import type { Sample } from './store.ts'

/** Further apart, samples say nothing about the time between them. */
const longestPauseSeconds = 2.5 * sampleSeconds

type Value = Exclude<keyof MetricsPoint, 'at'>
type Counter =
  | 'cpu_seconds'
  | 'disk_read_bytes'
  | 'disk_write_bytes'
  | 'disk_read_ops'
  | 'disk_write_ops'
  | 'network_received_bytes'
  | 'network_sent_bytes'
type Level = 'memory_used_bytes' | 'memory_total_bytes' | 'gpu_percent' | 'gpu_memory_used_bytes'

/** What is counted, by what it becomes per second. */
const rates = {
  disk_read_bytes_per_second: 'disk_read_bytes',
  disk_write_bytes_per_second: 'disk_write_bytes',
  disk_read_ops_per_second: 'disk_read_ops',
  disk_write_ops_per_second: 'disk_write_ops',
  network_received_bytes_per_second: 'network_received_bytes',
  network_sent_bytes_per_second: 'network_sent_bytes',
} as const satisfies Partial<Record<Value, Counter>>
const levels = [
  'memory_used_bytes',
  'memory_total_bytes',
  'gpu_percent',
  'gpu_memory_used_bytes',
] as const satisfies Level[]

/** Between two samples. */
type Span = { readonly before: Sample; readonly after: Sample; readonly seconds: number }

/** @param samples Oldest first, with those just before `from`. Answers a point for every step. */
export function series(
  samples: readonly Sample[],
  { from, to, stepSeconds }: { from: Date; to: Date; stepSeconds: number },
): MetricsPoint[] {
  const stepMs = stepSeconds * 1000
  const steps = Math.ceil((to.getTime() - from.getTime()) / stepMs)
  const stepOf = (ms: number) => Math.floor((ms - from.getTime()) / stepMs)
  // By their middle, so that a sample which is taken a moment late still counts where it belongs.
  const bySpan = Map.groupBy(spansOf(samples), ({ before, after }) =>
    stepOf((before.at.getTime() + after.at.getTime()) / 2),
  )
  const bySample = Map.groupBy(samples, ({ at }) => stepOf(at.getTime()))
  return Array.from({ length: steps }, (_, step) => ({
    at: new Date(from.getTime() + step * stepMs).toISOString(),
    ...pointOf(bySpan.get(step) ?? [], bySample.get(step) ?? []),
  }))
}

function spansOf(samples: readonly Sample[]): Span[] {
  return samples.slice(1).flatMap((after, index) => {
    const before = samples[index]
    if (before === undefined || before.epoch !== after.epoch) return []
    const seconds = (after.at.getTime() - before.at.getTime()) / 1000
    return seconds > 0 && seconds <= longestPauseSeconds ? [{ before, after, seconds }] : []
  })
}

function pointOf(spans: readonly Span[], samples: readonly Sample[]): Omit<MetricsPoint, 'at'> {
  const perSecond = (counter: Counter) => rate(spans, (sample) => sample[counter])
  const average = (level: Level) => mean(samples.map((sample) => sample[level]))
  return {
    cpu_percent: cpuPercent(spans),
    ...(Object.fromEntries(
      Object.entries(rates).map(([name, counter]) => [name, rounded(perSecond(counter))]),
    ) as Record<keyof typeof rates, number | null>),
    ...(Object.fromEntries(levels.map((level) => [level, rounded(average(level))])) as Record<
      Level,
      number | null
    >),
  }
}

/** Of all virtual CPUs. Clocks are not exact, and nothing is busier than all of the time. */
function cpuPercent(spans: readonly Span[]): number | null {
  const share = rate(spans, ({ cpu_seconds, vcpus }) => cpu_seconds / vcpus)
  return share === null ? null : rounded(Math.min(100, 100 * share))
}

function rate(spans: readonly Span[], value: (sample: Sample) => number | null): number | null {
  const grown = spans.flatMap(({ before, after, seconds }) => {
    const [from, to] = [value(before), value(after)]
    // Less than before: something that was counted is gone, such as a disk.
    return from === null || to === null || to < from ? [] : [{ by: to - from, seconds }]
  })
  if (grown.length === 0) return null
  return sum(grown.map(({ by }) => by)) / sum(grown.map(({ seconds }) => seconds))
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : sum(known) / known.length
}

const rounded = (value: number | null) => (value === null ? null : Math.round(value * 100) / 100)
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
