/** What a guest learns about itself, as files of QEMU's firmware interface, read at every boot. */
import { EngineError, type GuestIdentity } from '../../engine.ts'

/** Lines in the manner of cloud-init's NoCloud; the guest reads them with `sed`. */
export function metaData({ instanceId, hostname, authorizedKeys }: GuestIdentity): string {
  const lines = [
    `instance-id: ${instanceId}`,
    `local-hostname: ${hostname}`,
    'public-keys:',
    ...authorizedKeys.map((key) => `  - ${key.trim()}`),
  ]
  if (lines.some((line) => /[\r\n\0]/.test(line)))
    throw new EngineError('A host name or SSH key may not contain a line break')
  return `${lines.join('\n')}\n`
}
