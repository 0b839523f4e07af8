/**
 * A key is handed to a command line so that only that command line can read it: sealed with the public key
 * that it has sent along, bound to its own random word. What passes through the address line, the history
 * of the browser or another program on the way is of no use to anybody.
 *
 * P-256, HKDF with SHA-256, AES-256-GCM; `cli/commands/session/browser-login.ts` opens it again.
 */

const curve = { name: 'ECDH', namedCurve: 'P-256' } as const
const bytesOf = (text: string) => new TextEncoder().encode(text)

export async function seal(text: string, publicKey: string, state: string): Promise<string> {
  const theirs = await crypto.subtle.importKey('raw', fromBase64Url(publicKey), curve, false, [])
  const ours = await crypto.subtle.generateKey(curve, false, ['deriveBits'])
  const shared = await crypto.subtle.deriveBits(
    { name: 'ECDH', public: theirs },
    ours.privateKey,
    256,
  )
  const material = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey'])
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: bytesOf('garrison cli-login') },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt'],
  )
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: bytesOf(state) },
    key,
    bytesOf(text),
  )
  const mine = await crypto.subtle.exportKey('raw', ours.publicKey)
  return toBase64Url(new Uint8Array([...new Uint8Array(mine), ...iv, ...new Uint8Array(sealed)]))
}

/** `4F2A-91C0`: the same in the terminal and on the page, so that one sees which of them is asking. */
export async function codeOf(publicKey: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(publicKey)))
  const signs = [...hash.slice(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${signs.slice(0, 4)}-${signs.slice(4)}`.toUpperCase()
}

const toBase64Url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

const fromBase64Url = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) =>
    sign.charCodeAt(0),
  )
