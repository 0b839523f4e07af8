import { expect, test } from 'vitest'
import { volumeArguments } from '../process/arguments.ts'
import { incomingArguments } from './arguments.ts'

const volume = (port: number, node: string) => ({
  ...{ port, node, path: `/layers/${node}.qcow2`, serial: `BRK-10000${port}V` },
})
const root = ['-blockdev', '{"node-name":"l1"}', '-device', 'virtio-blk-pci,id=root-disk,drive=l1']

test('goes on with the volumes that the machine has now, in their ports, and no others', () => {
  const args = [...root, ...volumeArguments([volume(1, 'la'), volume(2, 'lb')]), '-kernel', '/k']
  const now = { layer: 'l2', tap: 'tap1', volumes: [volume(2, 'lc'), volume(3, 'ld')] }
  expect(incomingArguments({ args, layer: 'l1' }, now)).toEqual([
    ...['-blockdev', '{"node-name":"l2"}', '-device', 'virtio-blk-pci,id=root-disk,drive=l2'],
    ...['-kernel', '/k'],
    ...volumeArguments([volume(2, 'lc'), volume(3, 'ld')]),
    ...['-incoming', 'defer'],
  ])
})
