import { describe, expect, it } from 'vitest'
import { series } from './series.ts'
import type { Sample } from './store.ts'

const start = Date.parse('2026-01-10T09:00:00Z')
const seconds = (offset: number) => new Date(start + offset * 1000)

const sample = (offset: number, values: Partial<Sample> = {}): Sample => ({
  at: seconds(offset),
  epoch: 'first',
  vcpus: 2,
  cpu_seconds: 0,
  memory_used_bytes: null,
  memory_total_bytes: null,
  disk_read_bytes: 0,
  disk_write_bytes: 0,
  disk_read_ops: 0,
  disk_write_ops: 0,
  network_received_bytes: null,
  network_sent_bytes: null,
  gpu_percent: null,
  gpu_memory_used_bytes: null,
  ...values,
})
const points = (samples: Sample[], until: number, stepSeconds = 60) =>
  series(samples, { from: seconds(0), to: seconds(until), stepSeconds })

it('has every step, and nulls where nothing is known', () => {
  const empty = points([], 150)
  expect(empty.map(({ at }) => at)).toEqual([0, 60, 120].map((s) => seconds(s).toISOString()))
  for (const { at, ...values } of empty)
    expect(new Set(Object.values(values))).toEqual(new Set([null]))
})

it('tells the use of all processors together, of 100 percent', () => {
  const used = [sample(0), sample(60, { cpu_seconds: 60 }), sample(120, { cpu_seconds: 181 })]
  expect(points(used, 120).map(({ cpu_percent }) => cpu_percent)).toEqual([50, 100])
})

it('divides by the time that has really gone by', () => {
  const [point] = points([sample(1), sample(63, { disk_write_bytes: 6_200 })], 60)
  expect(point?.disk_write_bytes_per_second).toBe(100)
})

it('knows nothing about the time in which counters began anew', () => {
  const used = [
    sample(0, { cpu_seconds: 50 }),
    sample(60, { epoch: 'second', cpu_seconds: 80 }),
    sample(120, { epoch: 'second', cpu_seconds: 92 }),
  ]
  expect(points(used, 120).map(({ cpu_percent }) => cpu_percent)).toEqual([null, 10])
})

it('knows nothing about one counter that fell, and all about the others', () => {
  const used = [
    sample(0, { disk_read_bytes: 1_000 }),
    sample(60, { disk_read_bytes: 10, cpu_seconds: 12 }),
  ]
  expect(points(used, 60)[0]).toMatchObject({ disk_read_bytes_per_second: null, cpu_percent: 10 })
})

it('knows nothing about a long time in which nobody looked', () => {
  const used = [sample(0), sample(240, { cpu_seconds: 240 })]
  expect(points(used, 240).map(({ cpu_percent }) => cpu_percent)).toEqual([null, null, null, null])
})

describe('a longer step', () => {
  it('is the average of what is known of it', () => {
    const used = [
      sample(0, { memory_used_bytes: 100 }),
      sample(60, { cpu_seconds: 12, memory_used_bytes: 200 }),
      sample(120, { cpu_seconds: 48, memory_used_bytes: null }),
      sample(180, { epoch: 'second', memory_used_bytes: 600 }),
    ]
    expect(points(used, 300, 300)).toMatchObject([{ cpu_percent: 20, memory_used_bytes: 300 }])
  })
})
