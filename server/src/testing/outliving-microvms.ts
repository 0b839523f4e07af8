/**
 * MicroVMs of a server that a test kills: they are played in the test's own process, as real ones would run on,
 * and the server asks for them over its IPC channel.
 */

import type { ChildProcess } from 'node:child_process'
import {
  CapacityError,
  EngineError,
  FencedError,
  GuestError,
  type MicrovmEngine,
  NotFoundError,
  NotRunningError,
  type Order,
} from '@garrison/engines/engine'

type Asked = { call: number; verb: string; args: unknown[] }
type Failure = { name: string; message: string; retryable: boolean; reason?: string }
type Answered = { call: number; result?: unknown; failure?: Failure }

/** In the test: does what this server asks for, also when it dies meanwhile. */
export function playMicrovms(child: ChildProcess, microvms: MicrovmEngine): void {
  child.on('message', async ({ call, verb, args }: Asked) => {
    const answer: Answered = { call }
    try {
      // Functions do not come through the channel.
      const given = verb === 'buildMicrovmSnapshot' ? [args[0], () => {}, args[1]] : args
      const does = microvms[verb as 'ensureMicrovm'] as (...args: unknown[]) => Promise<unknown>
      answer.result = await does.apply(microvms, given)
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      const { name, message, retryable } = error
      const reason = error instanceof GuestError ? error.reason : undefined
      answer.failure = { name, message, retryable, ...(reason !== undefined && { reason }) }
    }
    if (child.connected) child.send(answer, () => {})
  })
}

/** In the server. @param onEffect Hears of what has been done. */
export function microvmsOfParent(
  like: MicrovmEngine,
  onEffect: (effect: string) => void,
): MicrovmEngine {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let last = 0
  process.on('message', ({ call, result, failure }: Answered) => {
    const answered = waiting.get(call)
    waiting.delete(call)
    if (failure !== undefined) answered?.reject(errorOf(failure))
    else answered?.resolve(result)
  })
  const ask = async (verb: string, args: readonly unknown[]) => {
    const answered = Promise.withResolvers<unknown>()
    waiting.set(++last, answered)
    const sent = args.filter((each) => typeof each !== 'function').map(withoutSignal)
    process.send?.({ call: last, verb, args: sent })
    const result = await answered.promise
    if (verb.startsWith('ensure') || verb.startsWith('build')) onEffect(verb)
    return result
  }
  const here: readonly string[] = ['capabilities', 'onMicrovmEvent', 'poolCounters', 'then']
  return new Proxy(like, {
    get: (target, verb: string) =>
      here.includes(verb)
        ? (target[verb as 'capabilities'] as (() => unknown) | undefined)?.bind(target)
        : (...args: unknown[]) => ask(verb, args),
  })
}

function withoutSignal(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('signal' in value)) return value
  const { signal: _, ...rest } = value as Order
  return rest
}

function errorOf({ name, message, retryable, reason }: Failure): Error {
  if (name === 'GuestError') return new GuestError(reason ?? 'failed', message)
  const kinds = { NotFoundError, NotRunningError, FencedError, CapacityError }
  const Kind = kinds[name as keyof typeof kinds] ?? EngineError
  return new Kind(message, { retryable })
}
