/** A shell, a terminal's program or a command in a machine, at the client's end of a channel. */
import { once } from 'node:events'
import type { Pty, PtySize } from '@garrison/engines/engine'
import type { ServerChannel } from 'ssh2'
import { recordAudit } from '../../accounts/audit.ts'
import type { RequestCaller } from '../../caller.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../database/database.ts'
import { DomainError } from '../../errors.ts'
import type { Hosting } from '../hosting.ts'
import type { Machine, MicrovmSessionService } from '../sessions/service.ts'
import type { Exit, Wanted } from './dialogue.ts'
import type { Holder } from './store.ts'

const mostTerminalsOfMachine = 16
const longestCommandMs = 600_000
const mostScriptBytes = 1024 * 1024
const endOfTyping = '\x04'
/** What a keyboard would send. */
const keys: Readonly<Record<string, string>> = { INT: '\x03', QUIT: '\x1c' }
const deadly = ['TERM', 'HUP', 'KILL']

type Place = {
  readonly caller: RequestCaller
  readonly holder: Holder
  readonly machine: Machine
}

export type InsideDeps = {
  db: Database
  clock: Clock
  hosting: Hosting
  microvmSessions: MicrovmSessionService
}

export function createInside({ db, clock, hosting, microvmSessions }: InsideDeps) {
  /** Terminals of a machine, those that are being opened included. */
  const terminals = new Map<string, number>()

  /** What is typed and printed is never written down, nor what the command was. */
  const audit = ({ caller, holder, machine }: Place, verb: 'shell' | 'execute') =>
    recordAudit(
      db,
      caller,
      {
        ...{ action: `microvm.ssh.${verb}`, subjectKind: 'microvm', subjectId: machine.publicId },
        detail: { ssh_key: holder.keyPublicId },
      },
      clock.now(),
    )

  async function terminal(place: Place, channel: ServerChannel, size: PtySize, wanted: Wanted) {
    const { machine } = place
    const there = terminals.get(machine.id) ?? 0
    if (there >= mostTerminalsOfMachine) {
      const words = `A VM has at most ${mostTerminalsOfMachine} terminals by SSH; close one first`
      throw new DomainError('LIMIT_EXCEEDED', words)
    }
    terminals.set(machine.id, there + 1)
    try {
      await audit(place, 'shell')
      const { command, env } = wanted
      const options = { env, ...(command !== null && { command }) }
      const pty = await hosting.engine(machine.region).openPty(machine.id, size, options)
      return await join(channel, pty, wanted)
    } finally {
      const left = (terminals.get(machine.id) ?? 1) - 1
      if (left > 0) terminals.set(machine.id, left)
      else terminals.delete(machine.id)
    }
  }

  async function execute(place: Place, channel: ServerChannel, code: string, gone: AbortSignal) {
    const { caller, machine } = place
    await audit(place, 'execute')
    const spec = { language: 'bash', code, timeoutMs: longestCommandMs } as const
    const result = await hosting.engine(machine.region).execute(machine.id, spec, gone)
    microvmSessions.countExecution(caller, machine.sessionId, result)
    channel.write(result.stdout)
    channel.stderr.write(result.stderr)
    const words = [
      ...(result.timedOut ? [`The command was ended after ${longestCommandMs / 1000} s`] : []),
      ...(result.truncated ? ['It printed more than is shown here'] : []),
    ]
    const said = words.length === 0 ? {} : { words: words.join('; ') }
    return { code: result.exitCode, ...said }
  }

  /** Ends with what was asked for. */
  return async function enter(place: Place, channel: ServerChannel, wanted: Wanted): Promise<Exit> {
    const { command, size, gone } = wanted
    if (size !== null) return terminal(place, channel, size, wanted)
    if (command === null) {
      const script = await scriptIn(channel)
      return execute(place, channel, inShellOfItsOwn(script), gone)
    }
    warnOfInput(channel)
    return execute(place, channel, inShellOfItsOwn(command), gone)
  }
}

/**
 * The shell that the machine keeps, whichever it is, is not to lose its state by an `exit`. As an argument of
 * another one, code could not have more than 128 KiB.
 */
const inShellOfItsOwn = (code: string) => `(\n${code}\n) </dev/null`

/** Until the program has ended, and everything that it printed was handed on. */
async function join(channel: ServerChannel, pty: Pty, wanted: Wanted): Promise<Exit> {
  const { stream } = pty
  const hangUp = () => stream.destroy()
  // How it broke, the exit code tells.
  stream.on('error', () => {})
  const closed = new Promise<void>((resolve) => {
    stream.once('end', resolve)
    stream.once('close', resolve)
  })
  wanted.resized = pty.resize.bind(pty)
  wanted.signalled = (name) => {
    if (deadly.includes(name)) hangUp()
    else if (keys[name] !== undefined && stream.writable) stream.write(keys[name])
  }
  channel.once('end', () => {
    if (stream.writable) stream.write(endOfTyping)
  })
  if (wanted.gone.aborted) hangUp()
  wanted.gone.addEventListener('abort', hangUp, { once: true })
  stream.on('data', wanted.touch)
  channel.pipe(stream, { end: false })
  stream.pipe(channel, { end: false })
  const [code] = await Promise.all([pty.exited, closed])
  wanted.gone.removeEventListener('abort', hangUp)
  hangUp()
  return code === null ? { code, words: 'The VM is gone, or suspended' } : { code }
}

/** What is typed where there is no terminal is a script: `ssh vm < script`. */
async function scriptIn(channel: ServerChannel): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  channel.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes <= mostScriptBytes) pieces.push(piece)
  })
  channel.resume()
  await Promise.race([once(channel, 'end'), once(channel, 'close')])
  if (bytes <= mostScriptBytes) return Buffer.concat(pieces).toString()
  throw new DomainError('VALIDATION_ERROR', 'A script has at most 1 MiB; upload it over the API')
}

/** Rather than that somebody believes their archive has arrived. */
function warnOfInput(channel: ServerChannel) {
  channel.once('data', () => {
    channel.stderr.write(
      'garrison: Commands get no standard input here, so what you sent is lost; use a terminal (ssh -t), or upload files over the API\n',
    )
  })
  channel.resume()
}
