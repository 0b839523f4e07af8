/** A shell, a terminal's program or a command in a machine, at the client's end of a channel. */
import type { Readable } from 'node:stream'
import type { Command, Pty, PtySize } from '@garrison/engines/engine'
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

const mostOfMachine = 16
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
  /** Terminals and commands of a machine, those that are being opened included. */
  const open = new Map<string, number>()

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
    await audit(place, 'shell')
    const { command, env } = wanted
    const options = { env, ...(command !== null && { command }) }
    const pty = await hosting.engine(machine.region).openPty(machine.id, size, options)
    return joinTerminal(channel, pty, wanted)
  }

  async function execute(place: Place, channel: ServerChannel, wanted: Wanted): Promise<Exit> {
    const { caller, machine } = place
    await audit(place, 'execute')
    const { command, env } = wanted
    const engine = hosting.engine(machine.region)
    const running = await engine.openCommand(machine.id, command, { env })
    const end = await joinCommand(channel, running, wanted)
    if (end === null) return gone
    microvmSessions.countExecution(caller, machine.sessionId, end)
    return { code: end.exitCode }
  }

  /** Ends with what was asked for. */
  return async function enter(place: Place, channel: ServerChannel, wanted: Wanted): Promise<Exit> {
    const { id } = place.machine
    const there = open.get(id) ?? 0
    if (there >= mostOfMachine) {
      const words = `A VM has at most ${mostOfMachine} terminals and commands by SSH`
      throw new DomainError('LIMIT_EXCEEDED', `${words}; close one first`)
    }
    open.set(id, there + 1)
    try {
      const { size } = wanted
      if (size !== null) return await terminal(place, channel, size, wanted)
      return await execute(place, channel, wanted)
    } finally {
      const left = (open.get(id) ?? 1) - 1
      if (left > 0) open.set(id, left)
      else open.delete(id)
    }
  }
}

const gone: Exit = { code: null, words: 'The VM is gone, or suspended' }

/** Until the program has ended, and everything that it printed was handed on. */
async function joinTerminal(channel: ServerChannel, pty: Pty, wanted: Wanted): Promise<Exit> {
  const { stream } = pty
  const printed = over(stream)
  const hangUp = () => stream.destroy()
  wanted.resized = pty.resize.bind(pty)
  wanted.signalled = (name) => {
    if (deadly.includes(name)) hangUp()
    else if (keys[name] !== undefined && stream.writable) stream.write(keys[name])
  }
  channel.once('end', () => {
    if (stream.writable) stream.write(endOfTyping)
  })
  stream.on('data', wanted.touch)
  channel.pipe(stream, { end: false })
  stream.pipe(channel, { end: false })
  const [code] = await unlessGone(wanted, hangUp, Promise.all([pty.exited, printed]))
  return code === null ? gone : { code }
}

/** Likewise, with input that has an end, and errors apart. */
async function joinCommand(channel: ServerChannel, command: Command, wanted: Wanted) {
  const { stream, errors, exited } = command
  const printed = [over(stream), over(errors)]
  const hangUp = () => {
    stream.destroy()
    // A client that has gone reads none of it.
    errors.destroy()
  }
  wanted.signalled = (name) => {
    if (deadly.includes(name) || keys[name] !== undefined) hangUp()
  }
  channel.pipe(stream)
  stream.pipe(channel, { end: false })
  errors.pipe(channel.stderr, { end: false })
  const [end] = await unlessGone(wanted, hangUp, Promise.all([exited, ...printed]))
  return end
}

/** Nothing more comes of it. How it broke, the exit code tells. */
function over(stream: Readable): Promise<void> {
  stream.on('error', () => {})
  return new Promise((resolve) => {
    stream.once('end', resolve)
    stream.once('close', resolve)
  })
}

async function unlessGone<T>(wanted: Wanted, hangUp: () => void, end: Promise<T>): Promise<T> {
  if (wanted.gone.aborted) hangUp()
  wanted.gone.addEventListener('abort', hangUp, { once: true })
  try {
    return await end
  } finally {
    wanted.gone.removeEventListener('abort', hangUp)
    hangUp()
  }
}
