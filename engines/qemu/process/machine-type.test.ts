import { expect, test } from 'vitest'
import { newestMachineType } from './machine-type.ts'

test('prefers the type that we know', () => {
  expect(newestMachineType('pc-q35-9.2  Standard\npc-q35-7.2  Standard\n')).toBe('pc-q35-7.2')
})

test('takes the newest where that one is missing, by number and not by letter', () => {
  const help = 'pc-q35-9.2  Standard\npc-q35-10.0  Standard\npc-q35-8.0  Standard\n'
  expect(newestMachineType(help)).toBe('pc-q35-10.0')
})

test("leaves a distribution's own types alone", () => {
  const help = 'pc-q35-noble-hpb  Ubuntu\npc-q35-8.2  Standard\npc-q35-8.2-maxcpus  Ubuntu\n'
  expect(newestMachineType(help)).toBe('pc-q35-8.2')
})

test('says what to install when there is none', () => {
  expect(() => newestMachineType('none  empty machine\n')).toThrow(/qemu-system-x86/)
})
