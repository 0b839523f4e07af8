/** Greets everybody who connects with their address, then says whatever they say. */
import { createServer } from 'node:net'

const [port, host = '0.0.0.0'] = process.argv.slice(2)
createServer((socket) => {
  socket.on('error', () => {})
  socket.write(`you are ${socket.remoteAddress}\n`)
  socket.pipe(socket)
}).listen(Number(port), host, () => process.stdout.write('ready\n'))
