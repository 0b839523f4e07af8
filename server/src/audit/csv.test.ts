import { expect, it } from 'vitest'
import { csvLine } from './csv.ts'

it('quotes what has to be, and leaves the rest', () => {
  expect(csvLine(['plain', 'a,b', 'say "hi"', 'two\nlines', null, ''])).toBe(
    'plain,"a,b","say ""hi""","two\nlines",,\r\n',
  )
})

it('gives a spreadsheet no formulas', () => {
  expect(csvLine(['=1+1', '@x', '+1', '-1', '\t=1'])).toBe("'=1+1,'@x,'+1,'-1,'\t=1\r\n")
})
