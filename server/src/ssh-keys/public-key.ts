/** OpenSSH public keys: reading a line strictly, and making a pair. Formats: RFC 4253 6.6, 5656, 8709. */
import { createHash, createPublicKey, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'

export type PublicKey = {
  /** `type base64 [comment]`, with single spaces. */
  readonly line: string
  readonly type: string
  /** `SHA256:…`, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string
}

/** The most that OpenSSH reads. */
const rsaBits = { fewest: 2048, most: 16_384 }
const longestComment = 200

type Curve = { readonly name: string; readonly jwk: string; readonly pointBytes: number }

const ecdsaCurves: Readonly<Record<string, Curve>> = {
  'ecdsa-sha2-nistp256': { name: 'nistp256', jwk: 'P-256', pointBytes: 65 },
  'ecdsa-sha2-nistp384': { name: 'nistp384', jwk: 'P-384', pointBytes: 97 },
  'ecdsa-sha2-nistp521': { name: 'nistp521', jwk: 'P-521', pointBytes: 133 },
}

const supported = ['ssh-ed25519', ...Object.keys(ecdsaCurves), 'ssh-rsa']

/** The key, or a sentence on what is wrong with the text. */
export function parsePublicKey(text: string): PublicKey | { problem: string } {
  const line = text.trim()
  if (/-----BEGIN/.test(line)) {
    return { problem: 'This is a PEM file, perhaps a private key; send the line of the .pub file.' }
  }
  if (/[^\x20-\x7e\u00a0-\uffff\t]/.test(line)) {
    return { problem: 'Send one line, without control characters.' }
  }
  const [type = '', body = '', ...comment] = line.split(/[ \t]+/)
  if (type === 'ssh-dss') {
    return { problem: 'DSA keys (ssh-dss) are no longer secure; use an ssh-ed25519 key.' }
  }
  if (!supported.includes(type)) {
    return {
      problem: `Must be a public key in OpenSSH format, beginning with ${supported.join(', ')}.`,
    }
  }
  const blob = Buffer.from(body, 'base64')
  if (body === '' || blob.toString('base64').replace(/=+$/, '') !== body.replace(/=+$/, '')) {
    return { problem: 'The key itself is not valid base64; was it cut off?' }
  }
  const problem = problemOf(type, blob)
  if (problem !== null) return { problem }
  return {
    line: [type, blob.toString('base64'), comment.join(' ').slice(0, longestComment)]
      .join(' ')
      .trim(),
    type,
    fingerprint: fingerprintOf(blob),
  }
}

/** Looks inside: the parts must be there, be of the right size, and nothing may follow. */
function problemOf(type: string, blob: Buffer): string | null {
  const cutOff = 'The key is damaged or cut off.'
  const parts = readParts(blob)
  if (parts === null) return cutOff
  const [inner, ...rest] = parts
  if (inner?.toString('latin1') !== type) return `It says ${type} but is something else inside.`
  const curve = ecdsaCurves[type]
  if (curve !== undefined) {
    const [name, point] = rest
    const named = name?.toString('latin1') === curve.name
    return rest.length === 2 && named && isOnCurve(curve, point) ? null : cutOff
  }
  if (type === 'ssh-ed25519') return rest.length === 1 && rest[0]?.length === 32 ? null : cutOff
  const [exponent, modulus] = rest
  if (rest.length !== 2 || !isExponent(exponent) || !isPositive(modulus)) return cutOff
  const bits = bitLength(modulus)
  return bits < rsaBits.fewest || bits > rsaBits.most
    ? `An RSA key must have ${rsaBits.fewest} to ${rsaBits.most} bits; this one has ${bits}.`
    : null
}

/** As OpenSSH insists: the first bit would be a minus. */
const isPositive = (number: Buffer | undefined): number is Buffer =>
  number !== undefined && bitLength(number) > 0 && (number[0] ?? 0) < 0x80

/** Even ones belong to no key, and with 1 a signature is the message itself. */
const isExponent = (number: Buffer | undefined) =>
  isPositive(number) && bitLength(number) > 1 && (number.at(-1) ?? 0) % 2 === 1

/** Uncompressed: a 4, then two coordinates of the same size. OpenSSL refuses what is not on the curve. */
function isOnCurve({ jwk, pointBytes }: Curve, point: Buffer | undefined): boolean {
  if (point?.length !== pointBytes || point[0] !== 4) return false
  const half = 1 + (pointBytes - 1) / 2
  const x = point.subarray(1, half).toString('base64url')
  const y = point.subarray(half).toString('base64url')
  try {
    createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: jwk, x, y } })
    return true
  } catch {
    return false
  }
}

/** Length-prefixed strings, all the way to the end; null when they do not come out even. */
function readParts(blob: Buffer): Buffer[] | null {
  const parts: Buffer[] = []
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return null
    const end = at + 4 + blob.readUInt32BE(at)
    if (end > blob.length) return null
    parts.push(blob.subarray(at + 4, end))
    at = end
  }
  return parts
}

function bitLength(number: Buffer): number {
  const first = number.findIndex((byte) => byte !== 0)
  if (first === -1) return 0
  return (number.length - first) * 8 - Math.clz32(number[first] ?? 0) + 24
}

/** Of a key's bytes as RFC 4253 has them: what `ssh-keygen -lf` prints. */
export const fingerprintOf = (blob: Buffer) =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`

/** A 2048-bit RSA pair, as published; the private half is not kept anywhere. */
export async function generatePair(comment: string): Promise<{ line: string; privateKey: string }> {
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const { n, e } = createPublicKey(pair.publicKey).export({ format: 'jwk' })
  if (n === undefined || e === undefined) throw new Error('an RSA key without modulus')
  const blob = Buffer.concat([
    sshString(Buffer.from('ssh-rsa')),
    sshString(positive(Buffer.from(e, 'base64url'))),
    sshString(positive(Buffer.from(n, 'base64url'))),
  ])
  return { line: `ssh-rsa ${blob.toString('base64')} ${comment}`, privateKey: pair.privateKey }
}

function sshString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** A number whose first bit is set would read as negative. */
const positive = (number: Buffer) =>
  (number[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), number]) : number
