import { mostPatterns as most } from '@garrison/contract/events/routes'
import { expect, it } from 'vitest'
import {
  bySubject,
  mostPatterns,
  patternsProblem,
  patternWords,
  toggled,
  urlProblem,
} from './event-patterns.ts'

it('groups kinds by what they are about', () => {
  const kinds = ['instance.active', 'snapshot.success', 'instance.error'].map((kind) => ({ kind }))
  expect(bySubject(kinds).map(([subject, its]) => [subject, its.length])).toEqual([
    ['instance', 2],
    ['snapshot', 1],
  ])
})

it('takes all of a subject for its kinds', () => {
  const some = toggled(['instance.error', 'snapshot.success'], 'instance.*', true)
  expect(some).toEqual(['snapshot.success', 'instance.*'])
  expect(toggled(some, 'instance.*', false)).toEqual(['snapshot.success'])
  expect(toggled(some, 'volume.error', true)).toContain('volume.error')
})

it('says what is wrong with a choice, as the server would', () => {
  expect(mostPatterns).toBe(most)
  expect(patternsProblem([])).toMatch('at least one')
  expect(patternsProblem(Array.from({ length: 51 }, (_, index) => `a.${index}`))).toMatch('51')
  expect(patternsProblem(['*'])).toBeNull()
})

it('puts a choice into words', () => {
  expect(patternWords(['*'])).toBe('Everything')
  expect(patternWords(['snapshot.*', 'instance.error'])).toBe('snapshot.*, instance.error')
  expect(patternWords(['a.a', 'a.b', 'a.c', 'a.d'])).toBe('4 kinds')
})

it('knows an address that can be called', () => {
  expect(urlProblem('https://example.com/hooks')).toBeNull()
  for (const wrong of ['', 'example.com', 'ftp://example.com', 'https://a:b@example.com']) {
    expect(urlProblem(wrong)).not.toBeNull()
  }
})
