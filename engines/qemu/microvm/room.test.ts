import { expect, test } from 'vitest'
import { CapacityError } from '../../engine.ts'
import { availableMib, requireMemory } from './room.ts'

test('reads what the kernel says is left', () => {
  expect(availableMib('MemTotal:  100 kB\nMemAvailable:    2097152 kB\n')).toBe(2048)
  expect(availableMib('')).toBe(0)
})

test('more than the host has is refused with what to do', async () => {
  await expect(requireMemory(2 ** 40)).rejects.toThrow(CapacityError)
  await expect(requireMemory(2 ** 40)).rejects.toThrow(/end or suspend/)
  await requireMemory(1)
})
