import { describe, expect, it } from 'vitest'
import { ApiError } from '../api/errors.ts'
import { mayGoBetter, pieceAfter, whyNotFile } from './uploads.ts'

describe('the pieces of an upload', () => {
  it('begin where the server has got to', () => {
    expect(pieceAfter(0, 100, 40)).toEqual({ first: 0, last: 39 })
    expect(pieceAfter(40, 100, 40)).toEqual({ first: 40, last: 79 })
    expect(pieceAfter(55, 100, 40)).toEqual({ first: 55, last: 94 })
  })

  it('end with the file', () => {
    expect(pieceAfter(80, 100, 40)).toEqual({ first: 80, last: 99 })
    expect(pieceAfter(100, 100, 40)).toBeNull()
  })
})

describe('a piece that was refused', () => {
  it.each([
    [0, 'NO_CONNECTION', true],
    [409, 'OPERATION_IN_PROGRESS', true],
    [503, 'INTERNAL_ERROR', true],
    [409, 'INSUFFICIENT_CAPACITY', false],
    [404, 'NOT_FOUND', false],
  ])('with %i and %s is sent again: %s', (status, code, again) => {
    expect(mayGoBetter(new ApiError({ status, code, message: 'No' }))).toBe(again)
  })
})

describe('the file of an upload', () => {
  it('has the size that the manifest says', () => {
    expect(whyNotFile({ size: 100 }, 100)).toBeNull()
    expect(whyNotFile({ size: 99 }, 1000)).toContain('99 bytes, and the one of the manifest 1,000')
  })
})
