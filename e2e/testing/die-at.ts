/**
 * Loaded before the server: its process kills itself, as `kill -9` would, in the moment that it logs the message
 * that a file says. Without the file it lives.
 */
import { subscribe } from 'node:diagnostics_channel'
import { existsSync, readFileSync } from 'node:fs'

const file = process.env.GARRISON_TEST_DIES_AT ?? ''

subscribe('tracing:pino_asJson:start', (event) => {
  const { 1: message } = (event as { arguments: ArrayLike<unknown> }).arguments
  if (existsSync(file) && readFileSync(file, 'utf8') === message)
    process.kill(process.pid, 'SIGKILL')
})
