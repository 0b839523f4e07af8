import { expect, test } from 'vitest'
import { metaData } from './identity.ts'

const identity = { instanceId: 'i-1', hostname: 'web', authorizedKeys: [], userData: null }

test('names the instance, the host and each key on a line of its own', () => {
  const authorizedKeys = ['ssh-ed25519 AAAA one\n', 'ssh-ed25519 BBBB two']
  expect(metaData({ ...identity, authorizedKeys })).toBe(
    [
      'instance-id: i-1',
      'local-hostname: web',
      'public-keys:',
      '  - ssh-ed25519 AAAA one',
      '  - ssh-ed25519 BBBB two',
      '',
    ].join('\n'),
  )
})

test('lets nobody add lines of their own', () => {
  expect(() => metaData({ ...identity, hostname: 'web\ninstance-id: other' })).toThrow(/line break/)
})
