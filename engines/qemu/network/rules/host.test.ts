import { expect, test } from 'vitest'
import { hostRules } from './host.ts'

test('the rules on the host are about links with the mark, in a table with the mark', () => {
  const { table, text } = hostRules(
    'abc123',
    { installation: '10.160.0.0/16', hostOnlyPool: '10.160.255.2-10.160.255.254' },
    [],
  )
  expect(table).toBe('inet garrison_abc123')
  expect(text.match(/table \S+ \S+/g)?.every((named) => named.endsWith(table))).toBe(true)
  for (const [, interfaces] of text.matchAll(/[io]ifname (?:!= )?(\S+)/g))
    expect(interfaces).toBe('"gabc123-*"')
})
