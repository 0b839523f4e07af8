/** One line of JSON for each thing that happened, on standard error. Secrets are never given to it. */
import { destination, pino, stdSerializers } from 'pino'
import type { Config } from './config.ts'

/** `fields` may hold an error, as `error`. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: object,
) => void

/** A database error quotes rows in these, user-data included. */
const quoting = ['error.detail', 'error.where']

export function createLog(level: Config['log']['level']): Log {
  const logger = pino(
    {
      level,
      base: null,
      serializers: { error: stdSerializers.errWithCause },
      redact: { paths: quoting, remove: true },
    },
    destination(2),
  )
  return (at, message, fields) => logger[at](fields ?? {}, message)
}
