import { hostname } from 'node:os'
import type { Config } from '../config.ts'

const everywhere = ['0.0.0.0', '::', '[::]']

/**
 * Where people reach the server, without a slash at its end: links in mails begin with it, and identity
 * providers send back to it. Never what a request says: whoever asks could then choose where links lead.
 */
export function ownOrigin({ server }: Pick<Config, 'server'>): string {
  if (server.public_url !== null) return new URL(server.public_url).origin
  const host = everywhere.includes(server.host) ? hostname() : server.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`
}
