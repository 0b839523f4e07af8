/** Into a guest, as its user would go. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { tied } from './children.ts'

const run = promisify(execFile)

/** An attempt that was made too early can hang for longer than the guest still needs. */
const attemptMs = 500
/** Emulated guests are slow to refuse; more would keep them from starting. */
const pauseMs = 20
const patienceMs = 60_000

export type Door = { readonly host: string; readonly port: number; readonly user: string }

export type KeyPair = { readonly privateKeyFile: string; readonly publicKey: string }

export async function makeKeyPair(folder: string): Promise<KeyPair> {
  const privateKeyFile = join(folder, 'id_ed25519')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'bench', '-f', privateKeyFile])
  return { privateKeyFile, publicKey: (await readFile(`${privateKeyFile}.pub`, 'utf8')).trim() }
}

/** The API says how to get in as `ssh [-p PORT] USER@HOST`. */
export function doorOf(sshCommand: string | null): Door {
  const [, port = '22', user, host] = /^ssh (?:-p (\d+) )?(.+)@(.+)$/.exec(sshCommand ?? '') ?? []
  if (user === undefined || host === undefined) throw new Error(`Not a way in: ${sshCommand}`)
  return { host, port: Number(port), user }
}

/** Resolves when the guest's SSH server says its name. */
export async function untilBanner(door: Door): Promise<void> {
  const end = performance.now() + patienceMs
  while (!(await saysItsName(door))) {
    if (performance.now() > end) throw new Error(`No SSH server at ${door.host}:${door.port}`)
    await sleep(pauseMs)
  }
}

/**
 * What the command printed. `onOutput` is called when it prints the first of it.
 * @throws Error when it fails.
 */
export async function ssh(
  door: Door,
  key: KeyPair,
  command: string,
  onOutput: () => void = () => {},
): Promise<string> {
  const child = spawn('ssh', sshArguments(door, key, command), {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await using _ = tied(child)
  child.stdout.once('data', onOutput)
  const [[code], output, complaints] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  if (code !== 0) throw new Error(`ssh ended with exit code ${code}: ${complaints}`)
  return output
}

function saysItsName({ host, port }: Door): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (said: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(said)
    }
    const timer = setTimeout(end, attemptMs, false)
    socket.once('data', (chunk) => end(chunk.toString('latin1').startsWith('SSH-2.0')))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}

function sshArguments({ host, port, user }: Door, key: KeyPair, command: string): string[] {
  const options = [
    ...['BatchMode=yes', 'LogLevel=ERROR', 'ConnectTimeout=10', 'IdentitiesOnly=yes'],
    // Each guest is new, and has a host key that nobody has seen.
    ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'],
  ]
  return [
    ...['-F', '/dev/null', '-i', key.privateKeyFile, '-p', String(port)],
    ...options.flatMap((option) => ['-o', option]),
    ...[`${user}@${host}`, command],
  ]
}
