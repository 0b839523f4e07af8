/** A machine's console and display as websockets, opened by a token that works once, so in browsers too. */
import type { Transport } from './transport.ts'
import type { CallOptions, Namespaces } from './types.ts'

export function createConsoles({ base }: Transport, { instances }: Namespaces) {
  async function open(kind: 'console' | 'display', id: string, options?: CallOptions) {
    const { url } = await instances.createConsoleToken(id, { kind }, options)
    // Without a base, a page's own address is what it is relative to.
    const page = (globalThis as { readonly location?: { readonly href: string } }).location
    const address = new URL(`${base}${url}`, page?.href)
    address.protocol = address.protocol.replace('http', 'ws')
    const socket = new WebSocket(address)
    socket.binaryType = 'arraybuffer'
    return socket
  }
  return {
    /** The serial console: binary frames of what is printed; what is sent is typed. It opens by and by. */
    openConsole: (id: string, options?: CallOptions) => open('console', id, options),
    /** The display, as noVNC speaks to it. */
    openDisplay: (id: string, options?: CallOptions) => open('display', id, options),
  }
}
