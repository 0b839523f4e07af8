import { expect, it } from 'vitest'
import { changesOf, dayOf, queryOf } from './filter.ts'

it('takes days and nothing else', () => {
  expect(dayOf('2026-01-10')).toBe('2026-01-10')
  for (const none of ['2026-13-01', '10.1.2026', '', 7, undefined]) {
    expect(dayOf(none)).toBeUndefined()
  }
})

it('asks for whole days', () => {
  const { from, to } = queryOf({ from: '2026-01-10', to: '2026-01-10' })
  expect(new Date(to ?? '').getTime() - new Date(from ?? '').getTime()).toBe(86_400_000)
  expect(queryOf({})).toEqual({})
})

it('says what changed, field by field', () => {
  expect(changesOf({ size_gb: 100, note: null }, { size_gb: 200, tags: ['a'] })).toEqual([
    { field: 'size_gb', before: '100', after: '200' },
    { field: 'tags', before: null, after: '["a"]' },
    { field: 'note', before: null, after: null },
  ])
  expect(changesOf(null, null)).toEqual([])
})
