/**
 * Brings a line and a websocket together, byte by byte. Neither side is waited for with more than a little
 * in memory: what a viewer does not take stays with the line, which lets go of it when that gets too much,
 * and what a machine does not take stays with whoever types.
 */
import type { Duplex } from 'node:stream'
import { closeCodes } from '@garrison/contract/instances/console-routes'
import { TooSlowError } from '@garrison/engines/engine'
import type { WebSocket } from 'ws'

const mostUnsentBytes = 256 * 1024

export function bridge(socket: WebSocket, line: Duplex): void {
  line.on('data', (chunk: Buffer) => {
    socket.send(chunk, { binary: true }, () => {
      if (line.isPaused() && socket.bufferedAmount <= mostUnsentBytes / 2) line.resume()
    })
    if (socket.bufferedAmount > mostUnsentBytes) line.pause()
  })
  line.on('error', (error) => {
    if (error instanceof TooSlowError) socket.close(closeCodes.tooSlow, error.message)
  })
  const sayThatItEnded = () =>
    socket.close(closeCodes.ended, 'The machine stopped; connect again when it runs')
  line.on('end', sayThatItEnded)
  line.on('close', sayThatItEnded)
  if (line.destroyed) sayThatItEnded()

  socket.on('message', (data) => {
    if (!line.writable || !Buffer.isBuffer(data)) return
    if (line.write(data)) return
    socket.pause()
    line.once('drain', () => socket.resume())
  })
  socket.on('close', () => line.destroy())
}
