import { expect, test } from 'vitest'
import { EngineError, NO_EGRESS } from '../../engine.ts'
import { slotLayout } from './layout.ts'
import { applyPolicy, makeNetwork, openNetwork } from './network.ts'

/** No host can have a namespace of that name. */
const slot = slotLayout('no/where', { first: 0x0a63_0000, prefix: 16 }, 7)
const open = { ...NO_EGRESS, open: true }

test.each([
  ['a network', () => makeNetwork(slot, 1, open), 'The network of a microVM'],
  ['a changed policy', () => applyPolicy(slot, open), "A microVM's network policy"],
  ['opening it', () => openNetwork(slot), 'The network of a microVM'],
])(
  '%s that fails is told without what the host ran, which is in the log',
  async (_, work, words) => {
    const error = await work().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(EngineError)
    const { message, cause } = error as EngineError
    expect(message).toContain(words)
    expect(message).not.toMatch(/no\/where|netns/)
    expect(String(cause)).toMatch(/ip netns .*no\/where.* failed \(/)
  },
)
