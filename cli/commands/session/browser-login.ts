/**
 * A key by way of the browser, where somebody is signed in already. The page is told a public key and a
 * port of this machine; it sends the API key there, sealed so that only this process can open it.
 */
import { spawn } from 'node:child_process'
import { randomBytes, webcrypto } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { Failure } from '../../failure.ts'
import type { Terminal } from '../../terminal.ts'

const { subtle } = webcrypto
const curve = { name: 'ECDH', namedCurve: 'P-256' } as const
const pointBytes = 65
const ivBytes = 12
const patienceMs = 5 * 60_000

/** Somebody sits before this machine, with a browser. */
export function hasBrowser(env = process.env, platform = process.platform): boolean {
  if (env.SSH_CONNECTION || env.CI) return false
  return platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}

type Deps = { terminal: Terminal; open?: (address: string) => void; withinMs?: number }

export async function keyFromBrowser(
  url: string,
  { terminal, open = openBrowser, withinMs = patienceMs }: Deps,
): Promise<string> {
  const pair = await subtle.generateKey(curve, false, ['deriveBits'])
  const publicKey = Buffer.from(await subtle.exportKey('raw', pair.publicKey)).toString('base64url')
  const state = randomBytes(24).toString('base64url')
  const { promise, resolve, reject } = Promise.withResolvers<string>()

  /** Whoever does not know the word is not the page that was opened. */
  async function take(request: IncomingMessage, response: ServerResponse) {
    const asked = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams
    if (asked.get('state') !== state) return void response.writeHead(404).end()
    if (asked.get('refused') !== null) {
      response.writeHead(303, { Location: url }).end()
      return reject(new Failure('The login was refused in the browser'))
    }
    try {
      const key = await unseal(asked.get('sealed') ?? '', pair.privateKey, state)
      response.writeHead(303, { Location: `${url}/cli-login?done=true` }).end()
      resolve(key)
    } catch {
      response.writeHead(400).end('This is not what the command line waits for.\n')
    }
  }

  const server = createServer((request, response) => void take(request, response))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 40)
  const query = new URLSearchParams({ key: publicKey, state, port: String(port), host })
  const address = `${url}/cli-login?${query}`
  terminal.note(`Confirm in the browser that it shows this code: ${await codeOf(publicKey)}`)
  terminal.note(`If no page opens, open it on this machine:\n  ${address}`)
  open(address)
  const tooLate = setTimeout(
    () =>
      reject(
        new Failure('Nobody confirmed the login in the browser', {
          advice: [`With a key instead: ./garrison login ${url} --no-browser`],
        }),
      ),
    withinMs,
  )
  try {
    using _ = terminal.progress('Waiting for the browser')
    return await promise
  } finally {
    clearTimeout(tooLate)
    server.close()
    server.closeIdleConnections()
  }
}

/** The other half of `dashboard/src/cli-login/seal.ts`. */
async function unseal(text: string, privateKey: webcrypto.CryptoKey, state: string) {
  const bytes = Buffer.from(text, 'base64url')
  const point = bytes.subarray(0, pointBytes)
  const theirs = await subtle.importKey('raw', point, curve, false, [])
  const shared = await subtle.deriveBits({ name: 'ECDH', public: theirs }, privateKey, 256)
  const material = await subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey'])
  const info = Buffer.from('garrison cli-login')
  const key = await subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['decrypt'],
  )
  const iv = bytes.subarray(pointBytes, pointBytes + ivBytes)
  const opened = await subtle.decrypt(
    { name: 'AES-GCM', iv, additionalData: Buffer.from(state) },
    key,
    bytes.subarray(pointBytes + ivBytes),
  )
  return Buffer.from(opened).toString('utf8')
}

/** As the page shows it. */
async function codeOf(publicKey: string): Promise<string> {
  const hash = Buffer.from(await subtle.digest('SHA-256', Buffer.from(publicKey)))
  const signs = hash.toString('hex', 0, 4).toUpperCase()
  return `${signs.slice(0, 4)}-${signs.slice(4)}`
}

function openBrowser(address: string) {
  const [command, ...before] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler']
        : ['xdg-open']
  const child = spawn(command ?? '', [...before, address], { stdio: 'ignore', detached: true })
  // The address stands in the terminal too.
  child.on('error', () => undefined)
  child.unref()
}
