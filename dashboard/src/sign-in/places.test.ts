import { expect, it } from 'vitest'
import { looksLikeEmail, onwardsOf, passwordProblem, pathOf, problemWords } from './places.ts'

it('goes on at a path of ours only', () => {
  expect(pathOf('/instances?page=2#x')).toBe('/instances?page=2#x')
  for (const elsewhere of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/a\\b',
    '/a\nb',
    'instances',
    '',
    7,
    `/${'x'.repeat(2_000)}`,
  ]) {
    expect(pathOf(elsewhere)).toBeUndefined()
  }
})

it('knows an address from what is none', () => {
  expect(looksLikeEmail(' ada@example.org ')).toBe(true)
  expect(looksLikeEmail('root@localhost')).toBe(true)
  expect(looksLikeEmail('ada example.org')).toBe(false)
  expect(looksLikeEmail('ada@')).toBe(false)
})

it('asks for 8 to 128 characters', () => {
  expect(passwordProblem('1234567')).toMatch('at least 8')
  expect(passwordProblem('12345678')).toBeNull()
  expect(passwordProblem('x'.repeat(129))).toMatch('at most 128')
})

it('has words for every way back', () => {
  expect(problemWords('LINK')).toMatch('account link')
  expect(problemWords('something_new')).toMatch('Try again')
})

it('answers what it refuses as well, or the router would go by the address', () => {
  const refused = { to: undefined }
  expect(onwardsOf({ to: 'https://elsewhere.example' })).toStrictEqual(refused)
  expect(onwardsOf({ to: '//elsewhere.example' })).toStrictEqual(refused)
  expect(onwardsOf({})).toStrictEqual(refused)
  expect(onwardsOf({ to: '/billing' })).toStrictEqual({ to: '/billing' })
})
