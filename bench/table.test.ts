import { expect, it } from 'vitest'
import { summarize } from './statistics.ts'
import { renderTable } from './table.ts'

it('puts each figure on a line, its floor and their ratio beside it', () => {
  const table = renderTable([
    {
      figure: 'deploy to ACTIVE',
      unit: 's',
      value: summarize([0.2, 0.3, 0.4]),
      floor: { ...summarize([0.1]), what: 'QEMU by hand' },
    },
    { figure: 'list', unit: 'requests/s', value: summarize([12_345]), floor: null },
  ])
  expect(table.split('\n')).toEqual([
    '                             median    min – max  n   floor  min – max  ratio  the floor is',
    'deploy to ACTIVE             0.30 s  0.20 – 0.40  3  0.10 s          –  3.00×  QEMU by hand',
    'list              12,345 requests/s            –  1       –          –      –',
  ])
})

it('says in words what was left out and what must be known', () => {
  const table = renderTable([
    { figure: 'restore', skipped: 'QEMU is not installed.' },
    { figure: 'snapshot', unit: 'ms', value: summarize([15]), floor: null, note: 'frozen' },
  ])
  expect(table).toContain('Skipped: restore. QEMU is not installed.')
  expect(table).toContain('snapshot: frozen')
})
