import { manifestExample } from '@garrison/contract/snapshots/manifest'
import { describe, expect, it } from 'vitest'
import { manifestOf } from './manifest.ts'

describe('a chosen manifest', () => {
  it('is read as it was exported', () => {
    expect(manifestOf(JSON.stringify(manifestExample))).toEqual(manifestExample)
  })

  it('is found in the answer of the export', () => {
    const answer = { success: true, export: { status: 'SUCCESS', manifest: manifestExample } }
    expect(manifestOf(JSON.stringify(answer))).toEqual(manifestExample)
  })

  it.each([
    ['QFI\u0000', 'it is not JSON'],
    ['{"name":"x"}', 'no manifest of a snapshot'],
    ['{"format":"garrison-snapshot","files":[]}', 'names no disk'],
    ['null', 'no manifest of a snapshot'],
  ])('that is %s is refused in words', (text, words) => {
    expect(manifestOf(text)).toContain(words)
  })
})
