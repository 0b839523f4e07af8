/** A terminal in a microVM, key by key, in this one. */
import { ptyCloseCodes } from '@garrison/contract/microvms/ptys'
import type { Cloud } from '../../cloud/cloud.ts'
import { Failure } from '../../failure.ts'
import type { ExitCode } from '../context.ts'
import { microvms } from './api.ts'

/** Ctrl-], as telnet has it: the program goes on. */
const leave = 0x1d

/** Answers the exit code of the program, and 0 when it goes on. */
export async function openShell(cloud: Cloud, vmId: string, shell: string | undefined) {
  const { stdin, stdout } = process
  const size = () => ({ cols: stdout.columns ?? 80, rows: stdout.rows ?? 24 })
  const made = await microvms(cloud).openPty(vmId, { ...size(), shell })
  const address = new URL(made.connect_path, cloud.where.url)
  address.protocol = address.protocol.replace('http', 'ws')
  const socket = new WebSocket(address)
  socket.binaryType = 'arraybuffer'
  let exitCode = 0
  const whenOpen = (data: string | Uint8Array<ArrayBuffer>) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(data)
  }
  const typed = (keys: Buffer) => {
    if (keys.includes(leave)) socket.close()
    else whenOpen(new Uint8Array(keys))
  }
  const resized = () => whenOpen(JSON.stringify({ type: 'resize', ...size() }))
  const ended = new Promise<CloseEvent>((resolve, reject) => {
    socket.addEventListener('close', resolve)
    socket.addEventListener('error', () =>
      reject(new Failure('The terminal could not be opened', { advice: ['Try it once more'] })),
    )
  })
  socket.addEventListener('open', () => {
    cloud.terminal.note('Connected; Ctrl-] leaves.')
    if (stdin.isTTY) stdin.setRawMode(true)
    stdin.on('data', typed)
    stdout.on('resize', resized)
  })
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') return stdout.write(new Uint8Array(data))
    const said = JSON.parse(data) as { type: string; exit_code?: number | null; message?: string }
    if (said.type === 'exit') exitCode = said.exit_code ?? 1
    return said.type === 'error' && cloud.terminal.problem(said.message ?? 'It broke')
  })
  try {
    const { code } = await ended
    if (code !== ptyCloseCodes.ended) cloud.terminal.note(`\r\n${reasons[code] ?? 'It goes on.'}`)
    return exitCode as ExitCode
  } finally {
    stdin.off('data', typed)
    stdout.off('resize', resized)
    if (stdin.isTTY) stdin.setRawMode(false)
    // It would keep the process alive.
    stdin.pause()
  }
}

const reasons: Readonly<Record<number, string>> = {
  [ptyCloseCodes.tooSlow]: 'This terminal was too slow; connect again.',
  [ptyCloseCodes.keyGone]: 'The API key is no longer valid.',
  1001: 'The server is stopping; connect again once it runs.',
}
