/** A microVM of which QEMU and agent are played: this process stands in for QEMU's. */
import { LiveMicrovm } from '../microvm/live.ts'
import { lookAt } from '../process/processes.ts'
import { type AgentServer, serveAgent } from './agent-server.ts'
import { type LineServer, serveLines } from './line-server.ts'

export type PlayedMicrovm = AsyncDisposable & {
  readonly live: LiveMicrovm
  readonly agent: AgentServer
  readonly qmp: LineServer
}

const VERSION = '"qemu": {"major": 1, "minor": 2, "micro": 3}, "package": ""'

/** @param options Of the agent, which was greeted; QEMU does whatever it is told, and runs. */
export async function playMicrovm(
  options: Parameters<typeof serveAgent>[0] = {},
): Promise<PlayedMicrovm> {
  const qmp = await serveLines({
    greeting: '{"QMP": {}}\r\n',
    answer: ({ id }, send) => send(`{"return": {"status": "running", ${VERSION}}, "id": ${id}}\n`),
  })
  const agent = await serveAgent(options)
  const itself = await lookAt(process.pid)
  if (itself === null) throw new Error('This process cannot be seen')
  const live = await LiveMicrovm.attach(itself, { qmp: qmp.path, agent: agent.path })
  if (options.version !== null) await live.line.greet(5_000)
  return {
    ...{ live, agent, qmp },
    async [Symbol.asyncDispose]() {
      live.close()
      await agent.close()
      await qmp.close()
    },
  }
}
