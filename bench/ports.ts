/** Where servers are reached, and when. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const patienceMs = 60_000

/** A port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}

/** Resolves at the first good answer. @throws Error when the process that should answer ends. */
export async function untilAnswers(url: string, child: ChildProcess): Promise<void> {
  const end = performance.now() + patienceMs
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`It ended with exit code ${child.exitCode}`)
    if (performance.now() > end) throw new Error(`It did not answer for ${patienceMs / 1_000} s`)
    await sleep(2)
  }
}

const answers = (url: string) =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  )
