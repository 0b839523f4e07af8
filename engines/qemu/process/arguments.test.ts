import { expect, test } from 'vitest'
import { pathsOf } from '../paths.ts'
import { type MachinePlan, qemuArguments } from './arguments.ts'

const id = '0193a2b4-7c5d-7e1f-8a2b-3c4d5e6f7a8b'
const plan: MachinePlan = {
  id,
  mark: 'a1b2c3',
  machineType: 'pc-q35-7.2',
  accelerator: 'tcg',
  vcpus: 2,
  memoryMib: 512,
  mac: '52:54:0a:01:02:03',
  tap: 'tap2',
  disk: { node: 'l0011223344556677', path: '/data, with comma/layers/l0011223344556677.qcow2' },
  volumes: [],
  kernel: '/data/boot/abc/kernel',
  initrd: '/data/boot/abc/initrd',
  append: 'quiet',
  userData: true,
}

/** Values of an option, in order. */
function valuesOf(option: string, changes: Partial<MachinePlan> = {}): string[] {
  const args = qemuArguments({ ...plan, ...changes }, pathsOf('/data', plan.mark))
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ''] : []))
}

test('carries the mark and the id in its name, and the id as its UUID', () => {
  expect(valuesOf('-name')).toEqual([`garrison-a1b2c3-${id},debug-threads=on`])
  expect(valuesOf('-uuid')).toEqual([id])
})

test('takes nothing from defaults or from files of the host', () => {
  const args = qemuArguments(plan, pathsOf('/data', plan.mark))
  expect(args).toContain('-nodefaults')
  expect(args).toContain('-no-user-config')
})

test('denies itself every privilege that it can', () => {
  const sandbox = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'
  expect(valuesOf('-sandbox')).toEqual([sandbox])
})

test('holds still at first, and when the guest has shut down', () => {
  expect(qemuArguments(plan, pathsOf('/data', plan.mark))).toContain('-S')
  expect(valuesOf('-action')).toEqual(['shutdown=pause'])
})

test('is the recorded mainboard', () => {
  const [machine] = valuesOf('-machine', { machineType: 'pc-q35-8.1' })
  expect(machine).toMatch(/^pc-q35-8\.1,/)
})

test('emulates a processor with every feature', () => {
  expect([...valuesOf('-accel'), ...valuesOf('-cpu')]).toEqual(['tcg,thread=multi', 'max'])
})

test('hands on the processor of a host that can', () => {
  const kvm = { accelerator: 'kvm' } as const
  expect([...valuesOf('-accel', kvm), ...valuesOf('-cpu', kvm)]).toEqual(['kvm', 'host'])
})

test('names the disk in JSON, where a comma in a path is only a comma', () => {
  const [disk] = valuesOf('-blockdev').map((text) => JSON.parse(text))
  expect(disk).toMatchObject({
    'node-name': plan.disk.node,
    file: { filename: plan.disk.path, discard: 'unmap' },
  })
})

test.each([
  { highest: 0, ports: 8 },
  { highest: 4, ports: 8 },
  { highest: 9, ports: 13 },
  { highest: 20, ports: 20 },
])('with a volume in port $highest it has $ports of them', ({ highest, ports: count }) => {
  const volume = { node: 'l1', path: '/l1', serial: 'BRK-123456V', port: highest }
  const devices = valuesOf('-device', { volumes: highest === 0 ? [] : [volume] })
  const ports = devices.filter((device) => device.startsWith('pcie-root-port'))
  expect(new Set(ports).size).toBe(count)
})

test('has a screen that nobody has for himself, at a place where it moves no other device', () => {
  expect(valuesOf('-vnc')).toEqual([
    `unix:/run/garrison-a1b2c3/${id}/display.sock,share=force-shared`,
  ])
  const screens = valuesOf('-device').filter((device) => device.startsWith('VGA'))
  expect(screens).toEqual(['VGA,id=screen0,vgamem_mb=8,bus=pcie.0,addr=0x1d'])
})

test('gives the guest its data', () => {
  expect(valuesOf('-fw_cfg')).toEqual([
    `name=opt/garrison/meta-data,file=/run/garrison-a1b2c3/${id}/meta-data`,
    `name=opt/garrison/user-data,file=/run/garrison-a1b2c3/${id}/user-data`,
  ])
})

test('says nothing of user-data where there is none', () => {
  expect(valuesOf('-fw_cfg', { userData: false })).toHaveLength(1)
})

test('boots the given kernel from the whole disk', () => {
  expect(valuesOf('-append')).toEqual(['console=tty0 console=ttyS0 root=/dev/vda quiet'])
})

test('has socket paths that fit however long the data folder is', () => {
  const paths = pathsOf(`/${'deep/'.repeat(50)}`, 'abcdefgh')
  for (const path of [paths.qmp(id), paths.serial(id), paths.agent(id)])
    expect(path.length).toBeLessThan(107)
})

test('begins with the volumes that it has, in their ports', () => {
  const volume = { node: 'l99', path: '/data/layers/l99.qcow2', serial: 'BRK-123456V', port: 3 }
  const device = valuesOf('-device', { volumes: [volume] }).at(-1) ?? ''
  expect(JSON.parse(device)).toEqual({
    driver: 'virtio-blk-pci',
    id: 'volume-3',
    drive: 'l99',
    serial: 'BRK-123456V',
    bus: 'rp3',
  })
  expect(valuesOf('-blockdev', { volumes: [volume] }).at(-1)).toContain('/data/layers/l99.qcow2')
})
