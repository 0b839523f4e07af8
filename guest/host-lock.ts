/**
 * A lock between processes. Node has no `flock`, so a small child holds it; the child ends with its
 * standard input, which is to say, also when this process is killed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/**
 * Waits for its turn. Dispose to let the next one in.
 * @param path A file, made when it is missing and never removed.
 */
export async function lockFile(path: string): Promise<AsyncDisposable> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; cat'])
  const failed = once(holder, 'error').then(([error]) => Promise.reject(error))
  const ended = once(holder, 'close').catch(() => [])
  const complaint = text(holder.stderr)
  const [answer] = await Promise.race([once(holder.stdout, 'data'), ended, failed])
  if (!(answer instanceof Buffer)) throw new Error(`Cannot lock ${path}: ${await complaint}`)
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end()
      await ended
    },
  }
}
