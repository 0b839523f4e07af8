import { expect, test } from 'vitest'
import { reachableResolvers } from './resolvers.ts'

test('name servers are those of the file, in its order and once each', () => {
  const file =
    '# by hand\nsearch example.org\nnameserver 192.0.2.1\n nameserver\t192.0.2.2 \nnameserver 192.0.2.1\n'
  expect(reachableResolvers(file)).toEqual(['192.0.2.1', '192.0.2.2'])
})

test('those on the loopback address, and those of IPv6, cannot be reached by machines', () => {
  const file = 'nameserver 127.0.0.53\nnameserver ::1\nnameserver fd00::53\n;nameserver 192.0.2.1\n'
  expect(reachableResolvers(file)).toEqual([])
})
