import { hostname } from 'node:os'
import type { Config } from '../config.ts'

const loopback = /^(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d{1,5})?$/
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

/**
 * Origins of pages that are ours, for a request that names `host`. Somebody who said where the server is
 * reached (`server.public_url`) is taken at their word, and so is this host itself, where the link for its
 * operator leads. Otherwise any name that it was called by is ours, without TLS, which we do not speak.
 */
export function ownOrigins(config: Pick<Config, 'server'>, host: string | undefined): string[] {
  const isOurs = host !== undefined && (config.server.public_url === null || loopback.test(host))
  return [ownOrigin(config), ...(isOurs ? [`http://${host}`] : [])]
}
