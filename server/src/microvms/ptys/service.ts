/**
 * The rules for terminals in microVMs: who may begin one, how many, and whom a token lets in. They live in
 * the process that has the machines and end with it. What is typed and printed is never written down.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type CreatePtyRequest, ptyTokenSeconds } from '@garrison/contract/microvms/ptys'
import type { PtySize } from '@garrison/engines/engine'
import { recordAudit } from '../../accounts/audit.ts'
import type { Caller, RequestCaller } from '../../caller.ts'
import type { Clock } from '../../clock.ts'
import type { ConsoleService, Visitor } from '../../console/service.ts'
import type { Holder, Session as Place } from '../../console/sessions.ts'
import type { Database } from '../../database/database.ts'
import { DomainError, InvalidState, NotFound } from '../../errors.ts'
import { type Hosting, newId } from '../hosting.ts'
import type { Machine, MicrovmSessionService } from '../sessions/service.ts'
import type { MicrovmService } from '../vms/service.ts'
import { type Outcome, Terminal } from './terminal.ts'

const mostOfMachine = 16
const mostTokens = 20
const tokenBytes = 32
/** One that has ended is shown for so long. */
const shownForMs = 10 * 60_000

export type PtySession = {
  readonly id: string
  readonly accountId: string
  readonly machine: Machine
  readonly shell: string | null
  readonly terminal: Terminal
  readonly createdAt: Date
  outcome: (Outcome & { readonly at: Date }) | null
}

type Token = { readonly pty: PtySession; readonly holder: Holder; readonly expiresAt: number }

/** Whose terminals: those of a VM, or of the VM that a session has. */
export type Owner = { readonly vmId: string } | { readonly sessionId: string }

export type PtyServiceDeps = {
  db: Database
  clock: Clock
  hosting: Hosting
  console: Pick<ConsoleService, 'viewers' | 'holderOf'>
  microvms: MicrovmService
  microvmSessions: MicrovmSessionService
}

export function createPtyService(deps: PtyServiceDeps) {
  const { db, clock, hosting, console, microvms, microvmSessions } = deps
  const all = new Map<string, PtySession>()
  /** By hash: for one terminal, one use. */
  const tokens = new Map<string, Token>()
  /** Of machines: terminals that are being made right now. */
  const beginning = new Map<string, number>()

  const audit = (caller: Caller, verb: string, machine: Machine) =>
    recordAudit(
      db,
      caller,
      {
        action: `microvm.terminal.${verb}`,
        ...{ subjectKind: 'microvm', subjectId: machine.publicId },
      },
      clock.now(),
    )

  async function machineFor(caller: Caller, owner: Owner): Promise<Machine> {
    if ('sessionId' in owner) return microvmSessions.machine(caller, owner.sessionId)
    const row = await microvms.require(db, caller, owner.vmId)
    microvms.requireState(row, 'execute')
    const { id, public_id: publicId, region, session_id: sessionId } = row
    return { id, publicId, region, sessionId }
  }

  /** Throws for what is nobody's, and for strangers. */
  async function requireOwner(caller: Caller, owner: Owner) {
    if ('sessionId' in owner) await microvmSessions.require(db, caller, owner.sessionId)
    else await microvms.require(db, caller, owner.vmId)
  }

  const isOf = ({ machine }: PtySession, owner: Owner) =>
    'sessionId' in owner ? machine.sessionId === owner.sessionId : machine.publicId === owner.vmId

  function forgetOld() {
    const now = clock.now().getTime()
    for (const pty of all.values())
      if (pty.outcome !== null && now - pty.outcome.at.getTime() >= shownForMs) all.delete(pty.id)
    for (const [hash, { expiresAt, pty }] of tokens)
      if (expiresAt <= now || !all.has(pty.id)) tokens.delete(hash)
  }

  function find(accountId: string | null, owner: Owner, id: string): PtySession {
    forgetOld()
    const found = all.get(id)
    const isTheirs = accountId === null || found?.accountId === accountId
    if (found === undefined || !isTheirs || !isOf(found, owner)) throw new NotFound('Terminal', id)
    return found
  }

  const ofMachine = (machineId: string) =>
    [...all.values()].filter(({ machine }) => machine.id === machineId)

  function requireRoom(machine: Machine) {
    const there = ofMachine(machine.id).filter(({ outcome }) => outcome === null).length
    if (there + (beginning.get(machine.id) ?? 0) < mostOfMachine) return
    throw new DomainError(
      'LIMIT_EXCEEDED',
      `A VM has at most ${mostOfMachine} terminals at once; delete one first`,
    )
  }

  async function begin(machine: Machine, size: PtySize, shell: string | null) {
    requireRoom(machine)
    beginning.set(machine.id, (beginning.get(machine.id) ?? 0) + 1)
    try {
      const options = shell === null ? {} : { command: shell }
      return new Terminal(
        await hosting.engine(machine.region).openPty(machine.id, size, options),
        size,
      )
    } finally {
      const left = (beginning.get(machine.id) ?? 1) - 1
      if (left > 0) beginning.set(machine.id, left)
      else beginning.delete(machine.id)
    }
  }

  /** Of those that have ended, a machine keeps a few. */
  function add(pty: PtySession) {
    all.set(pty.id, pty)
    void pty.terminal.ended.then((outcome) => {
      pty.outcome = { ...outcome, at: clock.now() }
      const ended = ofMachine(pty.machine.id).filter((each) => each.outcome !== null)
      for (const { id } of ended.slice(0, -mostOfMachine)) all.delete(id)
    })
  }

  function issueToken(caller: RequestCaller, pty: PtySession) {
    forgetOld()
    if ([...tokens.values()].filter((each) => each.pty === pty).length >= mostTokens) {
      const words = `This terminal has ${mostTokens} unused tokens; use one, or wait for their end`
      throw new DomainError('LIMIT_EXCEEDED', words)
    }
    const token = randomBytes(tokenBytes).toString('base64url')
    const expiresAt = clock.now().getTime() + ptyTokenSeconds * 1000
    const { keyId, personId } = caller
    tokens.set(hashOf(token), { pty, holder: { keyId, personId }, expiresAt })
    return { token, expiresAt: new Date(expiresAt) }
  }

  /** Who comes by a token comes as whoever asked for it, if they still may. It is used up. */
  async function identify(visitor: Visitor, owner: Owner, id: string): Promise<RequestCaller> {
    if (!('token' in visitor)) return visitor
    forgetOld()
    const { token, ...from } = visitor
    const hash = hashOf(token)
    const found = tokens.get(hash)
    if (found === undefined || found.pty.id !== id || !isOf(found.pty, owner))
      throw new WrongToken()
    tokens.delete(hash)
    const holder = await console.holderOf(db, found.holder)
    if (!holder) throw new WrongToken()
    return { ...holder, ...from }
  }

  return {
    /** `begins`: there is no terminal before that. */
    async create(caller: RequestCaller, owner: Owner, input: CreatePtyRequest, begins: () => void) {
      const machine = await machineFor(caller, owner)
      const size = { columns: input.cols ?? 80, rows: input.rows ?? 24 }
      const shell = input.shell ?? null
      requireRoom(machine)
      begins()
      const terminal = await begin(machine, size, shell)
      const pty: PtySession = {
        ...{ id: newId('pty'), accountId: caller.accountId, machine, shell, terminal },
        ...{ createdAt: clock.now(), outcome: null },
      }
      add(pty)
      await audit(caller, 'open', machine)
      return { pty, ...issueToken(caller, pty) }
    },

    async list(caller: Caller, owner: Owner) {
      await requireOwner(caller, owner)
      forgetOld()
      return [...all.values()].filter(
        (each) => each.accountId === caller.accountId && isOf(each, owner),
      )
    },

    async get(caller: Caller, owner: Owner, id: string) {
      await requireOwner(caller, owner)
      return find(caller.accountId, owner, id)
    },

    async resize(caller: Caller, owner: Owner, id: string, size: PtySize) {
      await requireOwner(caller, owner)
      const pty = find(caller.accountId, owner, id)
      if (pty.terminal.isOver) throw new InvalidState('instance', `Terminal ${id} has ended`)
      pty.terminal.resize(size)
      await audit(caller, 'resize', pty.machine)
      return pty
    },

    /** Answers how it was. */
    async delete(caller: Caller, owner: Owner, id: string) {
      await requireOwner(caller, owner)
      const pty = find(caller.accountId, owner, id)
      pty.terminal.hangUp()
      all.delete(id)
      await audit(caller, 'close', pty.machine)
      return pty
    },

    async token(caller: RequestCaller, owner: Owner, id: string) {
      await requireOwner(caller, owner)
      const pty = find(caller.accountId, owner, id)
      await audit(caller, 'token', pty.machine)
      return { pty, ...issueToken(caller, pty) }
    },

    /** A place to look from. `beforeAnything` may throw; then a token is still good. */
    async enter(
      visitor: Visitor,
      owner: Owner,
      id: string,
      beforeAnything: () => void,
    ): Promise<{ pty: PtySession; place: Place }> {
      beforeAnything()
      const caller = await identify(visitor, owner, id)
      await requireOwner(caller, owner)
      const pty = find(caller.accountId, owner, id)
      const place = console.viewers.enter(pty.id, 'terminal', caller)
      try {
        await audit(caller, 'connect', pty.machine)
        return { pty, place }
      } catch (error) {
        place.leave()
        throw error
      }
    },

    /** Hangs up everywhere. */
    close() {
      for (const { terminal } of all.values()) terminal.hangUp()
      all.clear()
    },
  }
}

export type PtyService = ReturnType<typeof createPtyService>

/** Unknown, used, too old, or another terminal's: the visitor cannot tell which. */
export class WrongToken extends DomainError {
  override name = 'WrongToken'
  constructor() {
    super(
      'INVALID_API_KEY',
      'This token does not open this terminal: it is unknown, used or expired; get a new one',
    )
  }
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url')
