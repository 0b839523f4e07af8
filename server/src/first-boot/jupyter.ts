/**
 * The switch for Jupyter, on OS images that are marked as having it. Such an image starts its Jupyter
 * server after user-data ran and reads `/etc/jupyter`; the password gets there hashed, and is kept nowhere.
 */
import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(argon2)

const port = 8888

/** What Jupyter's own `passwd()` uses; memory in KiB. */
const cost = { memory: 10_240, passes: 10, parallelism: 8 }

/** In Jupyter's form, `argon2:` and the encoded hash. Salted: twice the same password looks different. */
export async function hashJupyterPassword(password: string, nonce = randomBytes(16)) {
  const { memory, passes, parallelism } = cost
  const message = Buffer.from(password)
  const hash = await derive('argon2id', { message, nonce, ...cost, tagLength: 32 })
  const parameters = `m=${memory},t=${passes},p=${parallelism}`
  return `argon2:$argon2id$v=19$${parameters}$${unpadded(nonce)}$${unpadded(hash)}`
}

const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')

/** A script without anything of its own after it. */
export function jupyterSetup(hash: string): string {
  const settings = {
    ServerApp: { ip: '0.0.0.0', port, open_browser: false, password: hash },
    // Since Jupyter Server 2.
    PasswordIdentityProvider: { hashed_password: hash },
  }
  return [
    '#!/bin/sh',
    'umask 022',
    'mkdir -p /etc/jupyter/jupyter_server_config.d',
    "cat > /etc/jupyter/jupyter_server_config.d/garrison.json << 'END'",
    JSON.stringify(settings, null, 2),
    'END',
    '',
  ].join('\n')
}

/** Does the setup, then becomes the user's script, whatever that is written in. */
export function setupBefore(setup: string, script: string): string {
  return [
    `${setup}own=$(mktemp)`,
    'base64 -d > "$own" << \'END\'',
    ...(Buffer.from(script)
      .toString('base64')
      .match(/.{1,76}/g) ?? []),
    'END',
    'chmod 700 "$own"',
    'exec "$own"',
    '',
  ].join('\n')
}

/** Both, in the way that cloud-init takes several. */
export function multipart(setup: string, cloudConfig: string): string {
  const boundary = `garrison-${randomBytes(12).toString('hex')}`
  const part = (type: string, content: string) => [
    `--${boundary}`,
    `Content-Type: ${type}; charset="utf-8"`,
    'MIME-Version: 1.0',
    'Content-Transfer-Encoding: base64',
    '',
    ...(Buffer.from(content)
      .toString('base64')
      .match(/.{1,76}/g) ?? []),
    '',
  ]
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'MIME-Version: 1.0',
    '',
    ...part('text/x-shellscript', setup),
    ...part('text/cloud-config', cloudConfig),
    `--${boundary}--`,
    '',
  ].join('\n')
}

export const jupyterUrl = (host: string) => `http://${host}:${port}`
