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
  read: (signal: AbortSignal | undefined) => Promise<T>,
  isThere: (seen: T) => boolean,
  { signal, timeoutMs = defaultTimeoutMs, onLook = () => {} }: WaitOptions<T>,
): Promise<T> {
  const deadline = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
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
    await pause(Math.min(waitMs, leftMs), signal)
  }
}
