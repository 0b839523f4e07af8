import { expect, it } from 'vitest'
import { nothingWords } from './words.ts'

it('says of what there is no record, and whether that is because of a filter', () => {
  expect(nothingWords('volumes', {})).toBe('No volumes have been billed yet.')
  expect(nothingWords('volumes', { from: '2026-01-10' })).toBe('Nothing was billed in that time.')
  expect(nothingWords('microvms', {})).toContain('No microVMs or snapshots of them')
  expect(nothingWords('microvms', { type: 'microvm-snapshot' })).toContain('No snapshots of micro')
  expect(nothingWords('microvms', { of: 'vm_1' })).toBe('Nothing of it has been billed.')
  expect(nothingWords('microvms', { of: 'vm_1', to: '2026-01-10' })).toContain('in that time')
  // Left over in the address from the other tab.
  expect(nothingWords('volumes', { of: 'vm_1' })).toBe('No volumes have been billed yet.')
})
