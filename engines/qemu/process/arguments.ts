/**
 * QEMU's command line. Everything about a machine that its guest can see is said here, and nothing is
 * left to QEMU's defaults, so that a machine looks the same whenever and wherever it starts.
 */
import type { Paths } from '../paths.ts'

/** Volumes that a machine can have: each needs a port. */
export const VOLUME_PORTS = 20
/**
 * Ports cannot be added while a machine runs, and each costs an emulated one 0.08 s of its boot. So it gets
 * a few, and more the next time it starts when it needs them.
 */
const FEWEST_PORTS = 8
const SPARE_PORTS = 4

export const QEMU = 'qemu-system-x86_64'
export const QEMU_SANDBOX =
  'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'

/** Names under which QEMU knows its parts; QMP uses them. */
export const AGENT_PORT = 'agent-port'
export const AGENT_CHANNEL = 'agent'
export const ROOT_DEVICE = 'root-disk'
export const NETWORK_DEVICE = 'nic0'

/** A volume in its port. */
export type PluggedVolume = {
  /** Its active layer, as a node of QEMU's block graph. */
  readonly node: string
  readonly path: string
  readonly serial: string
  /** 1..{@link VOLUME_PORTS} */
  readonly port: number
}

export type MachinePlan = {
  readonly id: string
  readonly mark: string
  readonly machineType: string
  readonly accelerator: 'kvm' | 'tcg'
  readonly vcpus: number
  readonly memoryMib: number
  readonly mac: string
  readonly tap: string
  readonly disk: { readonly node: string; readonly path: string }
  readonly volumes: readonly PluggedVolume[]
  readonly kernel: string
  readonly initrd: string
  /** Kernel arguments of the OS image. */
  readonly append: string
  readonly userData: boolean
}

export function qemuArguments(plan: MachinePlan, paths: Paths): string[] {
  const { id } = plan
  return [
    ...['-name', `${processName(plan.mark, id)},debug-threads=on`, '-uuid', id],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-sandbox', QEMU_SANDBOX],
    ...machine(plan),
    // The caller lets it run when it is recorded and its sockets are out of reach.
    '-S',
    // A guest that powers itself off stays observable, even if nobody was listening.
    ...['-action', 'shutdown=pause'],
    ...socketArguments('qmp', paths.qmp(id)),
    ...['-mon', 'chardev=qmp,mode=control'],
    ...socketArguments('serial', paths.serial(id)),
    ...['-serial', 'chardev:serial'],
    ...['-blockdev', JSON.stringify(blockNode(plan.disk.node, plan.disk.path))],
    ...['-device', `virtio-blk-pci,id=${ROOT_DEVICE},drive=${plan.disk.node}`],
    ...['-netdev', `tap,id=net0,ifname=${plan.tap},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,id=${NETWORK_DEVICE},netdev=net0,mac=${plan.mac},romfile=`],
    ...['-device', 'virtio-rng-pci'],
    ...['-device', 'virtio-balloon-pci,id=balloon0,free-page-reporting=on'],
    ...['-device', 'virtio-serial-pci'],
    ...socketArguments(AGENT_CHANNEL, paths.agent(id)),
    ...[
      '-device',
      `virtserialport,id=${AGENT_PORT},chardev=${AGENT_CHANNEL},name=org.qemu.guest_agent.0`,
    ],
    ...volumePorts(plan.volumes),
    ...screen(paths.display(id)),
    ...volumeArguments(plan.volumes),
    ...firmwareFile('meta-data', paths.metaData(id)),
    ...(plan.userData ? firmwareFile('user-data', paths.userData(id)) : []),
    ...['-kernel', plan.kernel, '-initrd', plan.initrd],
    ...['-append', `console=tty0 console=ttyS0 root=/dev/vda ${plan.append}`.trim()],
  ]
}

/** By this a machine's process is found again. */
export function processName(mark: string, machine: string): string {
  return `garrison-${mark}-${machine}`
}

/** A qcow2 file as a node of QEMU's block graph; its backing files follow from its header. */
export function blockNode(node: string, path: string) {
  return {
    driver: 'qcow2',
    'node-name': node,
    discard: 'unmap',
    file: { driver: 'file', filename: path, discard: 'unmap' },
  }
}

export function volumeArguments(volumes: readonly PluggedVolume[]): string[] {
  return volumes.flatMap((volume) => [
    ...['-blockdev', JSON.stringify(blockNode(volume.node, volume.path))],
    ...['-device', JSON.stringify(volumeDisk(volume))],
  ])
}

/** Name of a port, as of a device. */
export const portName = (port: number) => `rp${port}`

/** Name of the device in a port. */
export function volumeDevice(port: number): string {
  return `volume-${port}`
}

/** The device that shows a volume's node to the guest. */
export function volumeDisk({ node, serial, port }: PluggedVolume) {
  return {
    driver: 'virtio-blk-pci',
    id: volumeDevice(port),
    drive: node,
    serial,
    bus: portName(port),
  }
}

function machine(plan: MachinePlan): string[] {
  const kvm = plan.accelerator === 'kvm'
  return [
    ...['-machine', `${plan.machineType},usb=off,vmport=off,sata=off,smbus=off`],
    ...['-accel', kvm ? 'kvm' : 'tcg,thread=multi', '-cpu', kvm ? 'host' : 'max'],
    ...['-smp', String(plan.vcpus), '-m', String(plan.memoryMib)],
  ]
}

/** A line that QEMU listens on, for one at a time. */
export function socketArguments(id: string, path: string): string[] {
  return ['-chardev', `socket,id=${id},path=${path},server=on,wait=off`]
}

/**
 * A screen that costs a machine nothing until somebody looks. Its place on the bus is said, so that the
 * others keep theirs. Whoever may connect is decided by the server; a viewer that asks for the screen
 * for itself alone does not get it.
 */
function screen(path: string): string[] {
  return [
    ...['-device', `VGA,id=screen0,vgamem_mb=8,bus=pcie.0,addr=0x1d`],
    ...['-vnc', `unix:${path},share=force-shared`],
  ]
}

function volumePorts(volumes: readonly PluggedVolume[]): string[] {
  const taken = Math.max(0, ...volumes.map(({ port }) => port))
  const length = Math.min(VOLUME_PORTS, Math.max(FEWEST_PORTS, taken + SPARE_PORTS))
  return Array.from({ length }, (_, index) => index + 1).flatMap((n) => [
    '-device',
    `pcie-root-port,id=${portName(n)},bus=pcie.0,chassis=${n},slot=${n}`,
  ])
}

function firmwareFile(name: string, path: string): string[] {
  return ['-fw_cfg', `name=opt/garrison/${name},file=${path}`]
}
