/** A server that does nothing but answer, in a process of its own, as ours is. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { tied } from '../children.ts'
import { freePort, untilAnswers } from '../ports.ts'

export type Answer = { readonly headers: Readonly<Record<string, string>>; readonly body: string }

const nothing: Answer = { headers: {}, body: '' }

export async function startBareHttp(answer = nothing) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const program = join(import.meta.dirname, 'bare-http-process.ts')
  const started = performance.now()
  const child = spawn(process.execPath, [program, String(port)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  await using starting = new AsyncDisposableStack()
  starting.use(tied(child))
  child.stdin.end(JSON.stringify(answer))
  await untilAnswers(url, child)
  const { pid } = child
  if (pid === undefined) throw new Error('A process that answers has an id')
  const scope = starting.move()
  return {
    url,
    pid,
    /** Milliseconds from starting the process to its first answer. */
    startedInMs: performance.now() - started,
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  }
}
