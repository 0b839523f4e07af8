/**
 * Whether this host runs machines on its processor or has to emulate one.
 *
 * `/dev/kvm` alone proves nothing: it exists, and opens, on kernels with KVM built in whose processor has
 * no virtualisation, such as a virtual machine without nesting. Every machine would then fail to start.
 */
import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'

/** `notice`: what an operator must know, in sentences. */
export type Acceleration =
  | { readonly kind: 'kvm' }
  | { readonly kind: 'tcg'; readonly notice: string }

export async function detectAcceleration(
  device = '/dev/kvm',
  cpuinfo = '/proc/cpuinfo',
): Promise<Acceleration> {
  const missing = hasVirtualisation(await readFile(cpuinfo, 'utf8'))
    ? await whyNotOpened(device)
    : 'the processor shows neither vmx nor svm'
  if (missing === null) return { kind: 'kvm' }
  return {
    kind: 'tcg',
    notice:
      `Machines are emulated, because ${missing}. That is many times slower than hardware ` +
      'acceleration and no security boundary: it is for development, not for guests you do not trust.',
  }
}

/** Intel's VT-x or AMD's SVM among the flags of a processor. */
export function hasVirtualisation(cpuinfo: string): boolean {
  return /^flags[ \t]*:.* (vmx|svm)( |$)/m.test(cpuinfo)
}

async function whyNotOpened(device: string): Promise<string | null> {
  try {
    await using _ = await open(device, constants.O_RDWR)
    return null
  } catch (error) {
    return `${device} cannot be opened (${error instanceof Error ? error.message : error})`
  }
}
