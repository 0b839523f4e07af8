import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detectAcceleration, hasVirtualisation } from './acceleration.ts'

const INTEL = 'processor\t: 0\nflags\t\t: fpu vme de vmx smx est\nbugs\t\t: spectre_v1\n'
const AMD = 'processor\t: 0\nflags\t\t: fpu vme svm\n'
const GUEST = 'processor\t: 0\nflags\t\t: fpu vme hypervisor vmxnet\nvmx flags\t: vnmi\n'

describe('a processor', () => {
  test('with vmx or svm has virtualisation', () => {
    expect([INTEL, AMD].map(hasVirtualisation)).toEqual([true, true])
  })

  test('with names that look alike has none', () => {
    expect(hasVirtualisation(GUEST)).toBe(false)
  })
})

describe('acceleration', () => {
  let folder: string
  const file = (name: string) => join(folder, name)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'garrison-acceleration-'))
    await writeFile(file('kvm'), '')
    await writeFile(file('intel'), INTEL)
    await writeFile(file('guest'), GUEST)
  })

  afterAll(() => rm(folder, { recursive: true }))

  test('is there when the device opens and the processor has virtualisation', async () => {
    expect(await detectAcceleration(file('kvm'), file('intel'))).toEqual({ kind: 'kvm' })
  })

  test('is not there when the device opens and the processor has none', async () => {
    const { kind, notice } = await notAccelerated(file('kvm'), file('guest'))
    expect(kind).toBe('tcg')
    expect(notice).toContain('neither vmx nor svm')
    expect(notice).toContain('no security boundary')
  })

  test('is not there when the device does not open, and it says why', async () => {
    const { notice } = await notAccelerated(file('missing'), file('intel'))
    expect(notice).toContain('ENOENT')
  })

  async function notAccelerated(device: string, cpuinfo: string) {
    const acceleration = await detectAcceleration(device, cpuinfo)
    if (acceleration.kind === 'kvm') throw new Error('It claims to be accelerated')
    return acceleration
  }
})
