/** Ctrl-C, a supervisor's request and a closed terminal stop the server as `garrison down` would. */
import type { Terminal } from '../terminal.ts'
import type { ServerProcess } from './server-process.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function stopOnSignals(server: ServerProcess, terminal: Terminal) {
  const state = {
    stopping: false,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, stop)
    },
  }
  function stop() {
    if (state.stopping) {
      server.kill('SIGKILL')
      return
    }
    state.stopping = true
    terminal.note('\nStopping the server; machines keep running. Ctrl-C again ends it at once.')
    server.kill('SIGTERM')
  }
  for (const signal of signals) process.on(signal, stop)
  return state
}
