/** With commands that are not run: one of them fails, as a host's may. */
import { expect, test, vi } from 'vitest'
import { type EgressPolicy, EngineError, NO_EGRESS } from '../../engine.ts'
import { slotLayout } from './layout.ts'
import { applyPolicy, makeNetwork, openNetwork } from './network.ts'

const failing = vi.hoisted(() => ({ command: '' }))
vi.mock('../network/resolvers.ts', () => ({ readResolvers: async () => ['198.51.100.53'] }))
vi.mock('../network/run.ts', () => ({
  async run(command: string, args: readonly string[]) {
    if (![command, ...args].includes(failing.command)) return ''
    throw new EngineError(`\`${[command, ...args].join(' ')}\` failed (exit code 2)`)
  },
}))

const slot = slotLayout('test', { first: 0x0a63_0000, prefix: 16 }, 7)
const open: EgressPolicy = { ...NO_EGRESS, open: true }

test.each([
  ['a network', 'netns', () => makeNetwork(slot, 1, open), 'The network of a microVM'],
  ['its DNS', 'dnsmasq', () => makeNetwork(slot, 1, open), 'The network of a microVM'],
  ['a changed policy', 'dnsmasq', () => applyPolicy(slot, open), "A microVM's network policy"],
  ['opening it', 'nft', () => openNetwork(slot), 'The network of a microVM'],
])('%s that fails is told without what the host ran', async (_, command, work, words) => {
  failing.command = command
  const error = await work().then(
    () => null,
    (error: EngineError) => error,
  )
  expect(error).toBeInstanceOf(EngineError)
  expect(error?.message).toContain(words)
  expect(error?.message).not.toMatch(/198\.51\.100\.53|netns|nft/)
  expect(String(error?.cause)).toContain('failed (exit code 2)')
})
