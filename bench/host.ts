/** What this host is, and what it can measure. The rest is left out of the table, with the reason. */
import { accessSync, constants } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { delimiter, join } from 'node:path'
import { detectAcceleration } from '@garrison/engines/qemu/host/acceleration'

const programs = [
  ...['qemu-system-x86_64', 'qemu-img', 'setpriv', 'ip', 'nft', 'dnsmasq', 'ssh', 'ssh-keygen'],
]

/** One line to put above the table: numbers mean nothing without it. */
export async function describeHost(): Promise<string> {
  const { kind } = await detectAcceleration()
  const guests =
    kind === 'kvm' ? 'hardware acceleration' : 'no hardware acceleration, emulated guests'
  const [load = 0] = loadavg()
  return [
    `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    guests,
    `Node ${process.versions.node}`,
    `load ${load.toFixed(1)} before it began`,
  ].join(', ')
}

/** Why no real machines can be run here, as a sentence; null when they can. */
export function whyNoMachines(): string | null {
  if (process.getuid?.() !== 0) return 'Real machines need root.'
  const missing = programs.filter((program) => !isInstalled(program))
  return missing.length === 0 ? null : `Not installed: ${missing.join(', ')}.`
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
