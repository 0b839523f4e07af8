import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { run } from './host-tools.ts'

test('answers what a program printed, or throws what it complained of', async () => {
  expect(await run('echo', ['here'])).toBe('here\n')
  await expect(run('sh', ['-c', 'echo why >&2; false'])).rejects.toThrow('sh failed: why')
  await expect(run('no-such-program', [])).rejects.toThrow('no-such-program')
})

test('a program ends with the process that has started it, also when that is killed', async () => {
  const tools = import.meta.resolve('./host-tools.ts')
  const program = `console.log('ready'); (await import('${tools}')).run('sleep', ['600'])`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  const sleeps = () =>
    childrenOf(child.pid ?? 0).filter((pid) => commandOf(pid).startsWith('sleep'))
  await vi.waitUntil(() => sleeps().length > 0, { timeout: 20_000 })
  const found = sleeps()
  child.kill('SIGKILL')
  await vi.waitUntil(() => found.every((pid) => !existsSync(`/proc/${pid}`)), { timeout: 20_000 })
})

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
const commandOf = (pid: string) => readFileSync(`/proc/${pid}/cmdline`, 'utf8')
