/**
 * Asks for an address by DHCP on eth0 of the network namespace that it runs in, and prints what it is
 * given: `{"ip", "router", "dns", "server"}`. Just enough of RFC 2131 for a test.
 *
 *     node dhcp-client.ts 52:54:0a:a0:00:02
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const OPTIONS = 240
const [DISCOVER, OFFER, REQUEST, ACK] = [1, 2, 3, 5]
const mac = (process.argv[2] ?? '').split(':').map((byte) => Number.parseInt(byte, 16))

const socket = createSocket({ type: 'udp4', reuseAddr: true })
socket.bind(68, '0.0.0.0')
await once(socket, 'listening')
socket.setBroadcast(true)

const offer = await ask(DISCOVER, [], OFFER)
const lease = await ask(
  REQUEST,
  [50, 4, ...offer.subarray(16, 20), 54, 4, ...option(offer, 54)],
  ACK,
)
socket.close()
process.stdout.write(
  JSON.stringify({
    ip: [...lease.subarray(16, 20)].join('.'),
    router: option(lease, 3).join('.'),
    dns: option(lease, 6).join('.'),
    server: option(lease, 54).join('.'),
  }),
)

/** Asks until it is answered: the first packets may be lost while the port comes up. */
async function ask(type: number, options: readonly number[], answer: number): Promise<Buffer> {
  const packet = Buffer.alloc(300)
  packet.set([1, 1, 6, 0, 1, 2, 3, 4])
  packet.set([0x80, 0], 10) // answer by broadcast
  packet.set(mac, 28)
  packet.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, ...options, 255], OPTIONS - 4)
  const send = () => socket.send(packet, 67, '255.255.255.255')
  send()
  const again = setInterval(send, 300)
  try {
    for (;;) {
      const [message] = (await once(socket, 'message')) as [Buffer]
      if (option(message, 53)[0] === answer) return message
    }
  } finally {
    clearInterval(again)
  }
}

function option(packet: Buffer, code: number): number[] {
  for (let at = OPTIONS; at < packet.length && packet[at] !== 255; ) {
    const length = packet[at + 1] ?? 0
    if (packet[at] === code) return [...packet.subarray(at + 2, at + 2 + length)]
    at += packet[at] === 0 ? 1 : length + 2
  }
  return []
}
