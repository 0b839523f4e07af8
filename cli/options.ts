/** Values on the command line, checked with words. */
import { type Role, roles } from '@garrison/contract/accounts/roles'
import { InvalidArgumentError } from 'commander'

export function parsePort(text: string): number {
  const port = Number(text)
  if (/^[0-9]{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new InvalidArgumentError('Give a number from 1 to 65535.')
}

/** A name or an address; whether it is one of this host's shows when the port is opened. */
export function parseHost(text: string): string {
  if (/^[A-Za-z0-9.:_%-]{1,253}$/.test(text)) return text
  throw new InvalidArgumentError('Give an address of this host, such as 127.0.0.1 or 0.0.0.0.')
}

export function parsePath(text: string): string {
  if (text !== '' && !text.includes('\0')) return text
  throw new InvalidArgumentError('Give a path.')
}

/** A day means its beginning in UTC. Dates without a zone would mean another moment on each host. */
export function parseMoment(text: string): Date {
  const date = new Date(text)
  const sound = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
  if (sound && !Number.isNaN(date.getTime())) return date
  throw new InvalidArgumentError('Give a date such as 2030-12-31 or 2030-12-31T18:00Z.')
}

export function parseFutureDate(text: string): Date {
  const date = parseMoment(text)
  if (date.getTime() <= Date.now()) throw new InvalidArgumentError('Give a date in the future.')
  return date
}

/** With at most six decimals, which is as exact as the ledger is. Negative takes back. */
export function parseAmount(text: string): number {
  const amount = Number(text)
  if (/^-?\d{1,9}(\.\d{1,6})?$/.test(text) && amount !== 0) return amount
  throw new InvalidArgumentError('Give an amount such as 25 or 0.50, with at most six decimals.')
}

/** How many; 0 is none. */
export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a whole number, 0 or more.')
}

/** Of something, per hour; 0 is for nothing. */
export function parsePrice(text: string): number {
  if (/^\d{1,7}(\.\d{1,6})?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a price such as 0 or 0.012, with at most six decimals.')
}

export function parseRole(text: string): Role {
  const role = roles.find((each) => each === text)
  if (role !== undefined) return role
  throw new InvalidArgumentError(`Give one of ${roles.join(', ')}.`)
}
