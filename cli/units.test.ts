import { expect, it } from 'vitest'
import { humanBytes, humanDuration, humanTime, plural } from './units.ts'

it.each([
  [0, '0.0 s'],
  [9_940, '9.9 s'],
  [9_960, '10 s'],
  [59_700, '1 min 0 s'],
  [185_000, '3 min 5 s'],
  [7_800_000, '2 h 10 min'],
  [273_600_000, '3 d 4 h'],
])('reads %d ms as %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text)
})

it.each([
  [512, '512 B'],
  [999_960, '1.0 MB'],
  [25_500_000_000, '25.5 GB'],
])('reads %d bytes as %s', (bytes, text) => {
  expect(humanBytes(bytes)).toBe(text)
})

it('names a moment to the minute', () => {
  expect(humanTime('2026-01-10T09:00:03.000Z')).toBe('2026-01-10 09:00 UTC')
  expect(humanTime(null)).toBe('never')
})

it('counts', () => {
  expect([plural(1, 'machine'), plural(3, 'machine')]).toEqual(['1 machine', '3 machines'])
})
