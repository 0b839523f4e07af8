/**
 * The file that this process writes its log to, when somebody made that its standard error. It is cut while
 * it is written to, so that a server that runs for years does not fill the disk.
 */
import {
  constants,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  readFileSync,
  readlinkSync,
} from 'node:fs'

const longestLog = 64 * 1024 * 1024
const standardError = 2
/** Octal, as proc_pid_fdinfo(5) shows it: whatever is written goes to the end. */
const append = 0o2000

/**
 * Keeps what there is as `FILE.1`, in place of what was kept before, once it has grown too large. Does
 * nothing to a terminal, a pipe, or a file that others removed or do not append to.
 */
export function boundOwnLog({ fd = standardError, limitBytes = longestLog } = {}): void {
  const found = fstatSync(fd)
  if (!found.isFile() || found.nlink === 0 || found.size < limitBytes || !appends(fd)) return
  const file = readlinkSync(`/proc/self/fd/${fd}`)
  copyFileSync(file, `${file}.1`, constants.COPYFILE_FICLONE)
  ftruncateSync(fd)
}

/** Otherwise the next line would stand where the last one ended, behind a hole of that size. */
function appends(fd: number): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
  return (Number.parseInt(flags ?? '0', 8) & append) !== 0
}
