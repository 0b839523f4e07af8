import { expect, test } from 'vitest'
import { type EgressPolicy, NO_EGRESS, UnsupportedError } from '../../engine.ts'
import { asksNames, egressRules, namesOf, requireEnforceable } from './egress.ts'

const rules = (policy: Partial<EgressPolicy>) =>
  egressRules({ ...NO_EGRESS, ...policy }, '10.160.240.1')
    .text.split('\n')
    .map((line) => line.trim())

test('nothing is accepted that was not asked for, and no names are answered', () => {
  const out = rules({})
  expect(out).not.toContain('accept')
  expect(out.filter((line) => line.startsWith('tcp dport'))).toEqual([])
  expect(asksNames(NO_EGRESS)).toBe(false)
})

test('the internet does not lead to private networks, whatever a name resolves to', () => {
  const out = rules({ open: true, domains: ['example.com'] })
  const shut = out.findIndex((line) => line.includes('169.254.0.0/16'))
  expect(shut).toBeGreaterThan(0)
  expect(shut).toBeLessThan(out.indexOf('accept'))
  expect(shut).toBeLessThan(out.indexOf('ip daddr @named accept'))
})

test('a private network is reached when it is named itself', () => {
  const out = rules({ cidrs: ['192.168.7.9/24'] })
  const asked = out.indexOf('ip daddr 192.168.7.0/24 accept')
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThan(out.findIndex((line) => line.includes('169.254.0.0/16')))
})

test('who may reach some names learns the addresses of no others', () => {
  const named = { ...NO_EGRESS, domains: ['*.Example.com'] }
  expect(namesOf(named)).toEqual(['example.com'])
  expect(namesOf({ ...named, packageManagers: true })).toContain('pypi.org')
  expect(namesOf({ ...named, https: true })).toBe(null)
})

test.each([
  { cidrs: ['10.0.0.0/33'] },
  { cidrs: ['fd00::/8'] },
  { domains: ['exa mple.com'] },
  { domains: ['a/b'] },
  { domains: ['"; drop'] },
  { cidrs: Array.from({ length: 101 }, (_, n) => `203.0.113.${n}`) },
])('%o is refused with words', (policy) => {
  expect(() => requireEnforceable({ ...NO_EGRESS, ...policy })).toThrow(UnsupportedError)
})
