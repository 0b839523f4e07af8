import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/**
 * A child that ends with this process, however that ends, and at the end of its scope. What the server
 * starts is not for this: it is shut down in order.
 */
export function tied(child: ChildProcess): AsyncDisposable {
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  return {
    async [Symbol.asyncDispose]() {
      process.off('exit', kill)
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      kill()
      await exited
    },
  }
}
