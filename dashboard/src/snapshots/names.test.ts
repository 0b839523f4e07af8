import { describe, expect, it } from 'vitest'
import { mostSigns, withEnding } from './names.ts'

describe('a proposed name', () => {
  it('is the old one with its ending', () => {
    expect(withEnding('before-upgrade', '-restored')).toBe('before-upgrade-restored')
  })

  it('is never longer than a name may be, and keeps its ending', () => {
    const name = withEnding('x'.repeat(50), '-restored')
    expect(name).toHaveLength(mostSigns)
    expect(name.endsWith('x-restored')).toBe(true)
  })

  it('has no space before its ending where it was cut', () => {
    expect(withEnding(`${'x'.repeat(40)} yyyyyyyyy`, '-restored')).toBe(
      `${'x'.repeat(40)}-restored`,
    )
  })
})
