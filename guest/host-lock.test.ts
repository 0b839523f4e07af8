import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFile } from './host-lock.ts'

describe('lockFile', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const lock = () => lockFile(join(folder, 'lock'))

  it('lets the next one in when the first is done', async () => {
    const steps: string[] = []
    const first = await lock()
    const second = lock().then(async (held) => {
      steps.push('second in')
      await held[Symbol.asyncDispose]()
    })
    steps.push('first out')
    await first[Symbol.asyncDispose]()
    await second
    expect(steps).toEqual(['first out', 'second in'])
  })

  it('is free again when its owner was killed', async () => {
    const code = `
      const { lockFile } = await import(${JSON.stringify(join(import.meta.dirname, 'host-lock.ts'))})
      await lockFile(${JSON.stringify(join(folder, 'lock'))})
      console.log('held')
      setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ['--input-type=module', '-e', code])
    await once(owner.stdout, 'data')
    owner.kill('SIGKILL')
    await expect(lock().then((held) => held[Symbol.asyncDispose]())).resolves.toBeUndefined()
  })

  it('says which file cannot be locked', async () => {
    const path = join(folder, 'missing/lock')
    await expect(lockFile(path)).rejects.toThrow(`Cannot lock ${path}`)
  })
})
