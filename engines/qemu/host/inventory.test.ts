import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { memoryForMachines, readInventory } from './inventory.ts'

describe('the memory that machines may use', () => {
  test('leaves the host a gibibyte and a sixteenth of the rest', () => {
    expect(memoryForMachines(1_024 * 17)).toBe(1_024 * 15)
  })

  test('is half of what a small host has', () => {
    expect(memoryForMachines(1_024)).toBe(512)
  })
})

test('the inventory describes this host', async () => {
  const { hosts } = await readInventory(tmpdir())
  expect(hosts).toHaveLength(1)
  const [host] = hosts
  expect(host?.vcpus).toBeGreaterThan(0)
  expect(host?.memoryMib).toBeGreaterThan(0)
  expect(host?.diskFreeGb).toBeGreaterThan(0)
  expect(host?.diskGb).toBeGreaterThanOrEqual(host?.diskFreeGb ?? 0)
})
