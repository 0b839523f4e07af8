import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isAlive, isGoneWithin, killAndWait, lookAt, type Process } from './processes.ts'

async function sleeper(): Promise<Process> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  await once(child, 'spawn')
  const process = await lookAt(child.pid ?? 0)
  if (process === null) throw new Error('sleep did not start')
  return process
}

test('a process is alive until it is killed', async () => {
  const process = await sleeper()
  expect(await isAlive(process)).toBe(true)
  await killAndWait(process)
  expect(await isAlive(process)).toBe(false)
})

test('a stranger with the same pid is not killed', async () => {
  const process = await sleeper()
  await killAndWait({ ...process, startTime: '1' })
  expect(await isAlive(process)).toBe(true)
  await killAndWait(process)
})

test('killing what is gone is fine', async () => {
  const process = await sleeper()
  await killAndWait(process)
  await killAndWait(process)
})

test('waits no longer than asked for a process that stays', async () => {
  const process = await sleeper()
  expect(await isGoneWithin(process, 20)).toBe(false)
  await killAndWait(process)
})
