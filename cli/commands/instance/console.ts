/** A machine's serial console in this terminal, key by key. */
import { closeCodes } from '@garrison/contract/instances/console-routes'
import type { Cloud } from '../../cloud/cloud.ts'
import { Failure } from '../../failure.ts'
import type { ExitCode } from '../context.ts'

/** Ctrl-], as telnet has it. */
const leave = 0x1d

export async function attachConsole({ garrison, terminal }: Cloud, id: string): Promise<ExitCode> {
  const { stdin, stdout } = process
  const socket = await garrison.instances.openConsole(id)
  const typed = (keys: Buffer) => {
    if (keys.includes(leave)) socket.close()
    else if (socket.readyState === WebSocket.OPEN) socket.send(new Uint8Array(keys))
  }
  const ended = new Promise<CloseEvent>((resolve, reject) => {
    socket.addEventListener('close', resolve)
    socket.addEventListener('error', () =>
      reject(new Failure('The console could not be opened', { advice: ['Try it once more'] })),
    )
  })
  socket.addEventListener('open', () => {
    terminal.note('Connected; Ctrl-] leaves.')
    if (stdin.isTTY) stdin.setRawMode(true)
    stdin.on('data', typed)
  })
  socket.addEventListener('message', ({ data }) => {
    stdout.write(typeof data === 'string' ? data : new Uint8Array(data))
  })
  try {
    const { code } = await ended
    terminal.note(`\r\n${reasons[code] ?? 'Disconnected.'}`)
    return 0
  } finally {
    stdin.off('data', typed)
    if (stdin.isTTY) stdin.setRawMode(false)
    // It would keep the process alive.
    stdin.pause()
  }
}

const reasons: Readonly<Record<number, string>> = {
  [closeCodes.ended]: 'The machine has stopped.',
  [closeCodes.tooSlow]: 'This terminal was too slow; connect again.',
  [closeCodes.keyGone]: 'The API key is no longer valid.',
  1001: 'The server is stopping; connect again once it runs.',
}
