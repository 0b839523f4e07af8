import { describe, expect, test } from 'vitest'
import { type Link, portCommands } from './taps.ts'

const port = { machine: 2, uid: 1_900_000_000, rules: null, publicAddress: null }
const joined: Link = {
  ifname: 'tap2',
  flags: ['BROADCAST', 'UP'],
  master: 'br0',
  linkinfo: {
    info_kind: 'tun',
    info_data: { user: 1_900_000_000 },
    info_slave_data: { isolated: true },
  },
}
const join = [
  'link set tap2 master br0',
  'link set tap2 type bridge_slave isolated on',
  'link set tap2 up',
]
const make = 'tuntap add dev tap2 mode tap user 1900000000'

describe('a tap', () => {
  test('that is there is left alone', () => {
    expect(portCommands([joined], [port])).toEqual([])
  })

  test('that is missing is made, and kept from its neighbours before it comes up', () => {
    expect(portCommands([], [port])).toEqual([make, ...join])
  })

  test.each<[string, Partial<Link>]>([
    ['down', { flags: ['BROADCAST'] }],
    ['beside the bridge', { master: undefined }],
    [
      'open to its neighbours',
      { linkinfo: { ...joined.linkinfo, info_slave_data: { isolated: false } } },
    ],
  ])('that is %s is joined again, with its connections', (_, change) => {
    expect(portCommands([{ ...joined, ...change }], [port])).toEqual(join)
  })

  test("that is another user's is made anew", () => {
    const other = { ...joined, linkinfo: { ...joined.linkinfo, info_data: { user: 1 } } }
    expect(portCommands([other], [port])).toEqual(['link delete tap2', make, ...join])
  })

  test('of a machine that has none any more is removed, and no other link', () => {
    const links = ['lo', 'br0', 'up0', 'tap3', 'tapestry'].map((ifname) => ({ ...joined, ifname }))
    expect(portCommands(links, [])).toEqual(['link delete tap3'])
  })
})
