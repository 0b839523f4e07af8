/**
 * Waiting for what takes time. Where the server streams events, one about the thing makes us look at once;
 * looking now and then goes on beside it, so that nothing is missed when it does not.
 */
import type { InstanceDetails } from '@garrison/contract/instances/routes'
import type { InstanceStatus } from '@garrison/contract/instances/states'
import type { OperationDetails } from '@garrison/contract/operations/routes'
import { WaitFailed } from './errors.ts'
import { pause } from './transport.ts'
import type { Namespaces } from './types.ts'

export type WaitOptions<T> = {
  readonly signal?: AbortSignal
  /** Default: ten minutes; 0: for ever. */
  readonly timeoutMs?: number
  /** Called each time that it was looked at. */
  readonly onLook?: (seen: T) => void
}

const firstLookMs = 250
const lastLookMs = 2_000
const defaultTimeoutMs = 600_000

/** Those that nothing is at work on: from there it goes nowhere by itself. */
const settled: readonly InstanceStatus[] = ['ACTIVE', 'SHUTOFF', 'HIBERNATED', 'DELETED', 'ERROR']

export function createWaiting(garrison: Namespaces) {
  return {
    /**
     * Waits until an operation is over.
     * @throws WaitFailed when it failed or was cancelled, or is not over in time.
     */
    async waitFor(
      operation: string | { readonly id: string },
      options: WaitOptions<OperationDetails> = {},
    ): Promise<OperationDetails> {
      const id = typeof operation === 'string' ? operation : operation.id
      return look(
        garrison,
        id,
        async (signal) => (await garrison.operations.get(id, { signal })).operation,
        ({ state, kind, error, cancel_requested }) => {
          if (state === 'failed' || state === 'cancelled') {
            const asked = state === 'cancelled' || cancel_requested
            throw new WaitFailed(`${kind} was ${asked ? 'cancelled' : 'undone'}: ${error ?? state}`)
          }
          return state === 'done'
        },
        options,
      )
    },

    /**
     * Waits until an instance has a status.
     * @throws WaitFailed when it came to rest in another one, or does not get there in time.
     */
    async waitUntil(
      instanceId: string,
      status: InstanceStatus | readonly InstanceStatus[],
      options: WaitOptions<InstanceDetails> = {},
    ): Promise<InstanceDetails> {
      const wanted: readonly InstanceStatus[] = typeof status === 'string' ? [status] : status
      return look(
        garrison,
        instanceId,
        async (signal) => (await garrison.instances.get(instanceId, { signal })).instance,
        (instance) => {
          if (wanted.includes(instance.status)) return true
          if (settled.includes(instance.status)) {
            const reason = instance.error === null ? '' : `: ${instance.error}`
            throw new WaitFailed(
              `${instance.vm_name} is ${instance.status}, not ${wanted.join(' or ')}${reason}`,
            )
          }
          return false
        },
        options,
      )
    },
  }
}

async function look<T>(
  garrison: Namespaces,
  subject: string,
  read: (signal: AbortSignal | undefined) => Promise<T>,
  isThere: (seen: T) => boolean,
  { signal, timeoutMs = defaultTimeoutMs, onLook = () => {} }: WaitOptions<T>,
): Promise<T> {
  const deadline = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
  let news: ReturnType<typeof hearOf> | null = null
  try {
    for (let waitMs = firstLookMs; ; waitMs = Math.min(waitMs * 1.5, lastLookMs)) {
      const seen = await read(signal)
      onLook(seen)
      if (isThere(seen)) return seen
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) {
        throw new WaitFailed(
          `Not there after ${Math.round(timeoutMs / 1000)} s; it may still get there`,
        )
      }
      news ??= hearOf(garrison, subject)
      await news.orAfter(Math.min(waitMs, leftMs), signal)
    }
  } finally {
    news?.stop()
  }
}

/** A server that streams nothing to us is no reason to wait any less. */
function hearOf({ events }: Namespaces, subject: string) {
  const listening = new AbortController()
  let heard = new AbortController()
  void (async () => {
    try {
      for await (const _ of events.stream({ subject }, { signal: listening.signal, retries: 0 })) {
        heard.abort()
      }
    } catch {
      // Looking goes on without it.
    }
  })()
  return {
    /** Waits for what comes next, or has come since the last look; no longer than `ms`. */
    async orAfter(ms: number, signal: AbortSignal | undefined) {
      const either = AbortSignal.any([heard.signal, ...(signal ? [signal] : [])])
      try {
        await pause(ms, either)
      } catch {
        signal?.throwIfAborted()
      }
      if (heard.signal.aborted) heard = new AbortController()
    },
    stop: () => listening.abort(),
  }
}
