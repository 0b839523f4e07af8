import * as contract from '@garrison/contract/microvms/ssh-gateway'
import type { Config } from '../../config.ts'
import type { App } from '../../http/app.ts'

const everyAddress = new Set(['0.0.0.0', '::', '[::]'])

/** For `ssh`, which takes addresses without the brackets that URLs have around them. */
const hostOf = (url: string) => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')

/**
 * What clients are to say for a gateway that listens at `listening`. Where that tells nothing, whoever asks
 * hears the name that they have reached us by; the answer goes to nobody else.
 */
function reachedAt(listening: string, publicUrl: string | null, asked: string): string {
  return everyAddress.has(listening) ? hostOf(publicUrl ?? asked) : listening
}

export function sshGatewayRoutes(app: App, { config }: { config: Config }) {
  const { server, dataDir, microvms } = config
  const { host, port } = microvms.ssh
  let fingerprint: string | undefined

  app.openapi(contract.getSshGateway, async (c) => {
    if (port === null) return c.json({ gateway: null }, 200)
    if (fingerprint === undefined) {
      const { hostKeyFingerprint, sshHostKey } = await import('./host-key.ts')
      fingerprint = hostKeyFingerprint(sshHostKey(dataDir))
    }
    const reached = reachedAt(host ?? server.host, server.public_url, c.req.url)
    return c.json({ gateway: { host: reached, port, host_key_fingerprint: fingerprint } }, 200)
  })
}
