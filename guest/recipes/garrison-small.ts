/** busybox, an SSH server, QEMU's guest agent. Small enough to be built on first use and to boot fast. */
import { join } from 'node:path'
import { DISTRIBUTIONS } from './distributions.ts'
import type { Recipe } from './recipe.ts'

const SHUTDOWN = '../lib/garrison/shutdown'

export const garrisonSmall: Recipe = {
  name: 'garrison-small',
  type: 'Garrison',
  version: '1',
  loginUser: 'root',
  minDiskGb: 1,
  virtualSizeBytes: 128 * 2 ** 20,
  append: [
    'quiet',
    // The kernel tests its ciphers on every boot: 0.2 s where the processor is emulated.
    'cryptomgr.notests',
    // With one processor it would take the lock prefixes out of its code: 0.15 s emulated.
    'noreplace-smp',
  ].join(' '),
  folder: join(import.meta.dirname, '../small'),
  programs: [
    { package: 'busybox', path: '/usr/bin/busybox' },
    // For scripts, and faster there. People get the other: this one's shell prefers its own `poweroff`.
    {
      package: 'busybox-static',
      path: '/usr/bin/busybox',
      at: '/usr/lib/garrison/busybox',
      isStatic: true,
    },
    // For one ioctl that nothing else here can do; see `reseed`. It has no modules, so it is not for people.
    { package: 'perl-base', path: '/usr/bin/perl', at: '/usr/lib/garrison/perl' },
    { package: 'dropbear-bin', path: '/usr/sbin/dropbear' },
    { package: 'dropbear-bin', path: '/usr/bin/dropbearkey' },
    { package: 'openssh-sftp-server', path: '/usr/lib/openssh/sftp-server' },
    // What `scp -O` asks for at the other end; the newer protocol is the SFTP server's.
    { package: 'openssh-client', path: '/usr/bin/scp' },
    { package: 'e2fsprogs', path: '/usr/sbin/resize2fs' },
    // busybox has only one for ext2, and people format volumes.
    { package: 'e2fsprogs', path: '/usr/sbin/mke2fs' },
    { package: 'e2fsprogs', path: '/usr/sbin/e2fsck' },
    { package: 'qemu-guest-agent', path: '/usr/sbin/qemu-ga' },
  ],
  links: {
    '/bin': 'usr/bin',
    '/sbin': 'usr/sbin',
    '/lib': 'usr/lib',
    '/lib64': 'usr/lib64',
    '/usr/lib64/ld-linux-x86-64.so.2': '../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
    '/var/run': '../run',
    '/etc/mtab': '../proc/self/mounts',
    '/etc/resolv.conf': '../run/garrison/resolv.conf',
    // Where dropbear looks for it.
    '/usr/lib/sftp-server': 'openssh/sftp-server',
    '/usr/sbin/mkfs.ext4': 'mke2fs',
    '/usr/sbin/fsck.ext4': 'e2fsck',
    '/usr/bin/wget': '../lib/garrison/wget',
    '/usr/sbin/poweroff': SHUTDOWN,
    '/usr/sbin/halt': SHUTDOWN,
    '/usr/sbin/reboot': SHUTDOWN,
    '/usr/sbin/shutdown': SHUTDOWN,
  },
  emptyFolders: {
    '/dev': 0o755,
    '/etc/dropbear': 0o700,
    '/home': 0o755,
    '/mnt': 0o755,
    '/proc': 0o555,
    '/root': 0o700,
    '/root/.ssh': 0o700,
    '/run': 0o755,
    '/sys': 0o555,
    '/tmp': 0o1777,
    '/usr/local/bin': 0o755,
    '/usr/local/sbin': 0o755,
    '/var/lib/garrison': 0o700,
    '/var/log': 0o755,
    '/var/tmp': 0o1777,
  },
  bootModules: [
    'virtio_pci',
    'virtio_blk',
    'virtio_net',
    'qemu_fw_cfg',
    'virtio_rng',
    'virtio_console',
    'virtio_balloon',
    // The power button.
    'button',
    'evdev',
  ],
  seedDiskModules: ['isofs', 'vfat', 'nls_ascii', 'nls_cp437'],
  distributions: DISTRIBUTIONS,
}
