import { expect, it } from 'vitest'
import { freeKeyName } from './key-name.ts'

it('names a key after the machine that asks, and counts from there', () => {
  expect(freeKeyName('desk', [])).toBe('cli desk')
  expect(freeKeyName('desk', ['CLI desk', 'cli desk 2'])).toBe('cli desk 3')
})
