import { expect, it } from 'vitest'
import { chosenOf } from './chosen.ts'

const of = (...rows: [instance_id: string, status: string][]) =>
  rows.map(([instance_id, status]) => ({ instance_id, status }))
const nobody = { asked: undefined, kept: undefined }

it('begins with one in trouble, then one that runs, then the newest', () => {
  expect(chosenOf(of(['a', 'SHUTOFF'], ['b', 'ACTIVE'], ['c', 'ERROR']), nobody)?.instance_id).toBe(
    'c',
  )
  expect(chosenOf(of(['a', 'SHUTOFF'], ['b', 'ACTIVE']), nobody)?.instance_id).toBe('b')
  expect(chosenOf(of(['a', 'SHUTOFF'], ['b', 'SHUTOFF']), nobody)?.instance_id).toBe('a')
  expect(chosenOf([], nobody)).toBeUndefined()
})

it('stays with what is shown, whatever happens to it or to others', () => {
  const after = of(['a', 'STOPPING'], ['b', 'ACTIVE'], ['c', 'ERROR'])
  expect(chosenOf(after, { asked: undefined, kept: 'a' })?.instance_id).toBe('a')
})

it('goes to the one that is asked for, and on when the one that was shown is gone', () => {
  const rows = of(['a', 'ACTIVE'], ['b', 'ACTIVE'])
  expect(chosenOf(rows, { asked: 'b', kept: 'a' })?.instance_id).toBe('b')
  expect(chosenOf(rows, { asked: 'gone', kept: 'b' })?.instance_id).toBe('b')
  expect(chosenOf(rows, { asked: undefined, kept: 'gone' })?.instance_id).toBe('a')
})
