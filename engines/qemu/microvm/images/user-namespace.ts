/**
 * A user namespace: who is root in it owns the files of 65,536 users of the host that nobody else has, and
 * nothing else. So an archive's owners are kept, and whatever is wrong with it, it is nobody's.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { EngineError } from '../../../engine.ts'

const USERS = 65_536

export type UserNamespace = AsyncDisposable & {
  /** For `nsenter`. */
  readonly path: string
}

/** Is there until it is disposed of, or this process ends. @param first Root's number on the host. */
export async function makeUserNamespace(first: number): Promise<UserNamespace> {
  const holder = spawn('unshare', ['--user', '--', 'sh', '-c', 'echo there; exec cat'], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = once(holder, 'close').catch(() => [])
  holder.stdin.on('error', () => {})
  const failed = once(holder, 'error').then(([error]) => Promise.reject(error))
  const [answer] = await Promise.race([once(holder.stdout, 'data'), ended, failed])
  if (!(answer instanceof Buffer))
    throw new EngineError(
      'This host makes no user namespaces, in which images are unpacked; see the sysctl user.max_user_namespaces',
    )
  const dispose = async () => {
    holder.stdin.end()
    await ended
  }
  try {
    for (const map of ['uid_map', 'gid_map'])
      await writeFile(`/proc/${holder.pid}/${map}`, `0 ${first} ${USERS}\n`)
  } catch (cause) {
    await dispose()
    throw new EngineError('A user namespace for unpacking images could not be set up', { cause })
  }
  return { path: `/proc/${holder.pid}/ns/user`, [Symbol.asyncDispose]: dispose }
}
