/** A machine's screen, keyboard and mouse: QEMU's own VNC server, on a socket that only we reach. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { EngineError, UnsupportedError } from '../../engine.ts'
import { isMissing } from '../records/durable-files.ts'

/** A connection of its own. Throws {@link UnsupportedError} when QEMU was started without a screen. */
export async function connectDisplay(path: string): Promise<Socket> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return socket
  } catch (cause) {
    socket.destroy()
    if (isMissing(cause))
      throw new UnsupportedError(
        'This machine was started before it had a display; stop it and start it again',
        { cause },
      )
    throw new EngineError('The display does not answer right now', { retryable: true, cause })
  }
}
