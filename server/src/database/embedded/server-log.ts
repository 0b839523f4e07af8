/**
 * The log of a server that outlives us. It writes to the file itself, in append mode, so that the file
 * can be cut under its feet; and what it says is read again when it does not start.
 */
import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from 'node:fs'

const longestLog = 8 * 1024 * 1024
const longestExcerpt = 64 * 1024

/** Keeps what there is as `FILE.1`, in place of what was kept before, once it has grown too large. */
export function boundLog(file: string) {
  if (sizeOf(file) < longestLog) return
  copyFileSync(file, `${file}.1`)
  truncateSync(file)
}

export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** What was written after the file had `since` bytes. */
export function readLogSince(file: string, since: number): string {
  const size = sizeOf(file)
  const from = Math.max(since, size - longestExcerpt)
  if (size <= from) return ''
  const buffer = Buffer.alloc(size - from)
  const fd = openSync(file, 'r')
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, from))
  } finally {
    closeSync(fd)
  }
}

/** Said when somebody else holds the data folder; when that is over, starting works. */
export function saysFolderInUse(output: string): boolean {
  return /lock file "[^"]*" already exists|pre-existing shared memory block/.test(output)
}

/** PostgreSQL's own words, and what to do where we know. */
export function explain(what: string, output: string, dir: string): Error {
  if (/No space left on device|Disk quota exceeded/.test(output)) {
    return new Error(`${what}: the disk of ${dir} is full. Make room there, and start again.`)
  }
  const lines = output.trim().split('\n').filter(Boolean)
  const telling = lines.filter((line) => /\b(FATAL|PANIC|HINT|error):/.test(line))
  const words = (telling.length > 0 ? telling : lines).slice(-5)
  return new Error([`${what}:`, ...(words.length > 0 ? words : ['it said nothing'])].join('\n  '))
}
