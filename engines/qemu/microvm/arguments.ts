/**
 * The command line of a microVM's QEMU. Memory is a file that each maps for itself: a snapshot's, whose
 * content it then has at once, or an empty one. No device of it can come or go later.
 */
import { QEMU_SANDBOX, socketArguments } from '../process/arguments.ts'

export const AGENT_PORT_NAME = 'org.garrison.agent'
export const ROOT_DEVICE = 'root-disk'
/** All copies of a snapshot take themselves for one; their networks keep them apart. */
const MAC = '52:54:00:31:ff:02'

export type MicrovmPlan = {
  /** As the host's process list shows it. */
  readonly name: string
  readonly accelerator: 'kvm' | 'tcg'
  /** Of the host's processors; an emulated machine has nothing to measure it with. */
  readonly tscKhz: number
  readonly vcpus: number
  readonly memoryMib: number
  readonly memoryFile: string
  readonly disk: { readonly node: string; readonly path: string }
  readonly tap: string
  readonly kernel: string
  readonly initrd: string
  readonly append: string
  /** Waits for a snapshot's state instead of booting. */
  readonly incoming: boolean
  readonly sockets: { readonly qmp: string; readonly agent: string; readonly serial: string }
}

export function microvmArguments(plan: MicrovmPlan): string[] {
  const kvm = plan.accelerator === 'kvm'
  // Of a busy host the guest believes that its clock is broken, since it compares it with emulated ticks that come
  // late. It would then count ticks for ever after, in all copies: an idle one took 45 ms of processor per second.
  const clock = kvm ? '' : ` tsc_early_khz=${plan.tscKhz} tsc=reliable nowatchdog`
  return [
    ...['-name', `${plan.name},debug-threads=on`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-sandbox', QEMU_SANDBOX],
    ...[
      '-machine',
      // Without ACPI Debian's kernel finds none of the devices.
      'microvm,acpi=on,pcie=off,rtc=on,isa-serial=on,pit=on,pic=on,auto-kernel-cmdline=off,memory-backend=memory0,suppress-vmdesc=on',
    ],
    ...['-accel', kvm ? 'kvm' : 'tcg,thread=multi', '-cpu', kvm ? 'host' : 'max'],
    ...['-smp', String(plan.vcpus), '-m', String(plan.memoryMib)],
    ...[
      '-object',
      `memory-backend-file,id=memory0,size=${plan.memoryMib}M,mem-path=${plan.memoryFile},share=off`,
    ],
    // What is saved is the devices alone, without the words that a migration has around them.
    ...['-global', 'migration.send-configuration=off'],
    '-no-reboot',
    ...socketArguments('qmp', plan.sockets.qmp),
    ...['-mon', 'chardev=qmp,mode=control'],
    ...socketArguments('serial', plan.sockets.serial),
    ...['-serial', 'chardev:serial'],
    ...['-blockdev', JSON.stringify(diskNode(plan.disk.node, plan.disk.path))],
    ...['-device', `virtio-blk-device,id=${ROOT_DEVICE},drive=${plan.disk.node}`],
    ...['-netdev', `tap,id=net0,ifname=${plan.tap},script=no,downscript=no`],
    ...['-device', `virtio-net-device,id=nic0,netdev=net0,mac=${MAC}`],
    ...['-device', 'virtio-rng-device,id=random0'],
    ...['-device', 'virtio-serial-device,id=serial0'],
    ...socketArguments('agent', plan.sockets.agent),
    ...['-device', `virtserialport,id=agent-port,chardev=agent,name=${AGENT_PORT_NAME}`],
    ...['-kernel', plan.kernel, '-initrd', plan.initrd, '-append', `${plan.append}${clock}`],
    ...(plan.incoming ? ['-incoming', 'defer'] : []),
  ]
}

/** A qcow2 file as a node of QEMU's block graph. */
export function diskNode(node: string, path: string) {
  return {
    driver: 'qcow2',
    'node-name': node,
    discard: 'unmap',
    file: { driver: 'file', filename: path, discard: 'unmap' },
  }
}
