import { describe, expect, it } from 'vitest'
import { names, rangeOf } from './ranges.ts'

describe('a part of a file of 100 bytes', () => {
  it.each([
    ['bytes=0-', { from: 0, to: 99 }],
    ['bytes=10-19', { from: 10, to: 19 }],
    ['bytes=99-', { from: 99, to: 99 }],
    ['bytes=90-1000', { from: 90, to: 99 }],
    ['bytes=-10', { from: 90, to: 99 }],
    ['bytes=-1000', { from: 0, to: 99 }],
    ['BYTES = 1-2', { from: 1, to: 2 }],
  ])('is found by %s', (header, range) => {
    expect(rangeOf(header, 100)).toEqual(range)
  })

  it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('is not there by %s', (header) => {
    expect(rangeOf(header, 100)).toBe('unsatisfiable')
  })

  it.each([
    undefined,
    '',
    'bytes',
    'bytes=-',
    'bytes=a-b',
    'bytes=0-1,5-6',
    'lines=0-1',
    'bytes=5-2',
  ])('is all of it by %s', (header) => {
    expect(rangeOf(header, 100)).toBeNull()
  })
})

it('an entity tag is found in a list, weak or not', () => {
  expect(names('"a", W/"b"', '"b"')).toBe(true)
  expect(names('*', '"b"')).toBe(true)
  expect(names('"a"', '"b"')).toBe(false)
  expect(names(undefined, '"b"')).toBe(false)
})
