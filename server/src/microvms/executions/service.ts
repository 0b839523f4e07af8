/** Running code in the machine of a session, with the caller waiting or not. */
import type { CommandRequest } from '@garrison/contract/microvms/execution'
import type { ExecuteResult, ExecuteSpec } from '@garrison/engines/engine'
import { EngineError, NotRunningError } from '@garrison/engines/engine'
import { recordAudit } from '../../accounts/audit.ts'
import type { AccountLimits } from '../../accounts/limits.ts'
import type { AccountService } from '../../accounts/service.ts'
import type { Caller } from '../../caller.ts'
import type { Clock } from '../../clock.ts'
import { afterCommit, type Database, type Tx, transaction } from '../../database/database.ts'
import { DomainError, InvalidState, NotFound, TooMany } from '../../errors.ts'
import { newUuid } from '../../ids.ts'
import type { Log } from '../../log.ts'
import { type Hosting, newId } from '../hosting.ts'
import type { Machine, MicrovmSessionService } from '../sessions/service.ts'
import * as store from './store.ts'
import { executionResult } from './view.ts'

const listed = 100
/** Asynchronous ones of an account at once; machines are its limit otherwise. */
const mostRunning = 200
const retrySeconds = 5
/** Of an account, printed by asynchronous ones. */
const mostPrintedBytes = 256 * 1024 ** 2

export type ExecutionDeps = {
  db: Database
  clock: Clock
  accounts: AccountService
  accountLimits: AccountLimits
  hosting: Hosting
  microvmSessions: MicrovmSessionService
  log: Log
}

export function createExecutionService(deps: ExecutionDeps) {
  const { db, clock, accounts, hosting, microvmSessions, log } = deps
  const underWay = new Set<Promise<void>>()
  const closing = new AbortController()

  const specOf = ({ command, code, language, timeout }: CommandRequest): ExecuteSpec => ({
    ...{ language: language ?? 'python', code: command ?? code ?? '' },
    timeoutMs: timeout * 1000,
  })

  /** In the session that is named, or in one that is made for it. */
  async function sessionFor(tx: Tx, caller: Caller, { session_id }: CommandRequest) {
    if (session_id != null) return microvmSessions.require(tx, caller, session_id)
    return microvmSessions.create(tx, caller, {})
  }

  const audit = (tx: Database | Tx, caller: Caller, sessionId: string, what: string) =>
    recordAudit(
      tx,
      caller,
      { action: `microvm.${what}`, subjectKind: 'microvm-session', subjectId: sessionId },
      clock.now(),
    )

  async function runIn(caller: Caller, machine: Machine, spec: ExecuteSpec, signal: AbortSignal) {
    try {
      return await hosting.engine(machine.region).execute(machine.id, spec, signal)
    } catch (error) {
      if (!(error instanceof NotRunningError)) throw error
      throw new InvalidState('instance', await whyCutShort(caller, machine))
    }
  }

  async function whyCutShort(caller: Caller, { id, publicId, sessionId }: Machine) {
    const { vm_id, vm_status } = await microvmSessions.require(db, caller, sessionId)
    const isSuspended = vm_id === id && ['suspending', 'suspended'].includes(vm_status ?? '')
    return isSuspended
      ? `VM ${publicId} was suspended while this ran; resume it and run it again`
      : `VM ${publicId} ended while this ran; look at it for the reason`
  }

  async function carryOut(
    caller: Caller,
    row: { id: string; sessionId: string },
    spec: ExecuteSpec,
  ) {
    const finish = (set: Parameters<typeof store.updateExecution>[3]) =>
      store.updateExecution(db, caller.accountId, row.id, { ...set, finished_at: clock.now() })
    try {
      const machine = await microvmSessions.machine(caller, row.sessionId)
      await store.updateExecution(db, caller.accountId, row.id, { vm_id: machine.id })
      const result = await runIn(caller, machine, spec, closing.signal)
      await finish({ status: 'completed', ...columnsOf(result) })
      microvmSessions.countExecution(caller, row.sessionId, result)
    } catch (error) {
      const known = error instanceof DomainError || error instanceof EngineError
      if (!known) log('error', 'an execution failed', { execution: row.id, error })
      const words = known ? error.message : 'Something went wrong on our side'
      await finish({ status: closing.signal.aborted ? 'lost' : 'failed', error: words })
    }
  }

  return {
    /**
     * `hungUp`: nobody waits any more, so that the code is killed; null: it goes on until its time is up.
     * `begins`: nothing of it has run before that.
     */
    async execute(
      caller: Caller,
      input: CommandRequest,
      { hungUp, begins }: { hungUp: AbortSignal | null; begins: () => void },
    ) {
      const sessionId =
        input.session_id ?? (await transaction(db, (tx) => sessionFor(tx, caller, input))).id
      const machine = await microvmSessions.machine(caller, sessionId)
      begins()
      // Beside it, so that nobody waits for it: it is there when the answer is.
      const [result] = await Promise.all([
        runIn(caller, machine, specOf(input), hungUp ?? closing.signal),
        audit(db, caller, sessionId, 'execute'),
      ])
      microvmSessions.countExecution(caller, sessionId, result)
      return executionResult(machine, result, hosting.isSimulated(machine.region))
    },

    /** It runs from the commit on. */
    async begin(tx: Tx, caller: Caller, input: CommandRequest): Promise<store.Execution> {
      const session = await sessionFor(tx, caller, input)
      const spec = specOf(input)
      const row = { id: newUuid(), public_id: newId('task'), account_id: caller.accountId }
      await accounts.lock(tx, caller.accountId)
      if ((await store.runningOf(tx, caller.accountId)) >= mostRunning) {
        const words = `An account has at most ${mostRunning} asynchronous executions at once`
        throw new TooMany(`${words}; wait for one to end`, retrySeconds)
      }
      await store.insertExecution(tx, {
        ...{ ...row, session_id: session.id, vm_id: session.vm_id, language: spec.language },
        ...{ region: session.vm_region ?? hosting.region(), status: 'running' },
        ...{ stdout: null, stderr: null, exit_code: null, seconds: null, cpu_seconds: null },
        ...{ error: null, created_at: clock.now(), finished_at: null },
      })
      await audit(tx, caller, session.id, 'execute')
      afterCommit(tx, () => {
        const running = carryOut(caller, { id: row.id, sessionId: session.id }, spec)
          .catch((error: unknown) => log('warn', 'cannot write down an execution', { error }))
          .finally(() => underWay.delete(running))
        underWay.add(running)
      })
      return requireExecution(tx, caller, row.public_id)
    },

    require: (caller: Caller, id: string) => requireExecution(db, caller, id),
    list: (caller: Caller) => store.listExecutions(db, caller.accountId, listed),

    /** Whoever owns these regions is this process: what ran before it is lost. */
    giveUpRunning: (regions: readonly string[]) => store.giveUpRunning(db, regions, clock.now()),
    async forget() {
      await store.forgetOld(db, clock.now())
      await store.forgetPrinted(db, mostPrintedBytes)
    },

    /** What nobody waits for any more is written down as lost. */
    async close() {
      closing.abort()
      while (underWay.size > 0) await Promise.all(underWay)
      await microvmSessions.counted()
    },
    /** Until nothing runs that nobody waits for. */
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay)
      await microvmSessions.counted()
    },
  }

  async function requireExecution(reader: Database | Tx, caller: Caller, publicId: string) {
    const found = await store.findExecution(reader, caller.accountId, publicId)
    if (found === undefined) throw new NotFound('Execution', publicId)
    return found
  }
}

const columnsOf = (result: ExecuteResult) => ({
  ...{ stdout: Buffer.from(result.stdout), stderr: Buffer.from(result.stderr) },
  ...{ exit_code: result.exitCode, seconds: result.seconds, cpu_seconds: result.cpuSeconds },
  ...{ timed_out: result.timedOut, truncated: result.truncated },
})

export type ExecutionService = ReturnType<typeof createExecutionService>
