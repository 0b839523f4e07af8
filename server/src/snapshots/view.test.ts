import { expect, it } from 'vitest'
import { sizeGb } from './view.ts'

it.each([
  [null, 0],
  [0, 0],
  [1, 0.1],
  [5_000_000, 0.1],
  [149_999_999, 0.1],
  [150_000_000, 0.2],
  [12_340_000_000, 12.3],
])('a size of %d bytes is told as %d GB', (bytes, gb) => {
  expect(sizeGb(bytes)).toBe(gb)
})
