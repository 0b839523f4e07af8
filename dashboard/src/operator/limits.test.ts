import { expect, it } from 'vitest'
import { changedLimits, limitProblem, typedFrom } from './limits.ts'

const before = {
  max_instances: 10,
  max_vcpus: null,
  max_memory_gb: null,
  max_volume_gb: 500,
  max_snapshots: null,
  max_gpus: 0,
}

it('sends only what is different', () => {
  const typed = { ...typedFrom(before), max_instances: ' 12 ', max_vcpus: '64' }
  expect(changedLimits(before, typed)).toEqual({ max_instances: 12, max_vcpus: 64 })
  expect(changedLimits(before, typedFrom(before))).toEqual({})
})

it('takes a limit away where nothing is typed, and keeps 0 as 0', () => {
  const typed = { ...typedFrom(before), max_volume_gb: '' }
  expect(changedLimits(before, typed)).toEqual({ max_volume_gb: null })
})

it('knows whole numbers', () => {
  expect(['', '0', ' 7 ', '1000000'].map(limitProblem)).toEqual([null, null, null, null])
  expect(['-1', '1.5', 'many', '1000001'].every(limitProblem)).toBe(true)
})
