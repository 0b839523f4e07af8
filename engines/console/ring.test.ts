import { expect, test } from 'vitest'
import { Ring } from './ring.ts'

const filled = (size: number, ...chunks: string[]) => {
  const ring = new Ring(size)
  for (const chunk of chunks) ring.push(Buffer.from(chunk))
  return ring
}

test.each([
  [[], ''],
  [['ab'], 'ab'],
  [['abcd'], 'abcd'],
  [['ab', 'cd', 'e'], 'bcde'],
  [['abc', 'def'], 'cdef'],
  [['a', 'bcdefghi'], 'fghi'],
  [['abc', 'defgh', 'i'], 'fghi'],
])('keeps the last four bytes of %j', (chunks, kept) => {
  expect(
    filled(4, ...chunks)
      .read()
      .toString(),
  ).toBe(kept)
})

test('says whether anything was forgotten', () => {
  expect(filled(4, 'abc').isFull).toBe(false)
  expect(filled(4, 'abc', 'd').isFull).toBe(true)
})
