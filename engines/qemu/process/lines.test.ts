import { expect, test } from 'vitest'
import { LineSplitter } from './lines.ts'

function split(chunks: readonly (string | Buffer)[], maxBytes = 100): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter(maxBytes, (line) => lines.push(line))
  for (const chunk of chunks) splitter.push(Buffer.from(chunk))
  return lines
}

test('finds several lines in one chunk', () => {
  expect(split(['one\r\ntwo\n'])).toEqual(['one', 'two'])
})

test('puts a line together from many chunks', () => {
  expect(split(['o', 'n', 'e\nt', 'wo', '\n'])).toEqual(['one', 'two'])
})

test('keeps a character together that is cut in the middle', () => {
  const bytes = Buffer.from('é\n')
  expect(split([bytes.subarray(0, 1), bytes.subarray(1)])).toEqual(['é'])
})

test('holds an unfinished line back and skips empty ones', () => {
  expect(split(['\n\none\nunfinished'])).toEqual(['one'])
})

test('refuses a line that never ends', () => {
  expect(() => split(['x'.repeat(60), 'x'.repeat(60)])).toThrow(RangeError)
})
