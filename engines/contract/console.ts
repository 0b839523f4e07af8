import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type MachineSpec, NotFoundError, NotRunningError, UnsupportedError } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

export function describeConsole(site: Site): void {
  let spec: MachineSpec
  beforeAll(async () => {
    spec = await site.reserve()
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)
  beforeEach(async (context) => {
    context.skip(!site.engine.capabilities().console, 'this engine has no consoles')
    await site.engine.ensureMachine(spec, site.order())
    await site.until(spec.id, (state) => state.guestUp)
  }, LIMIT_MS)

  const log = async () => Buffer.from(await site.engine.consoleLog(spec.id, 64 * 1024)).toString()

  test('shows what was said, and to everybody what the machine answers to one', async () => {
    const one = await site.engine.console(spec.id)
    expect(await firstBytes(one)).not.toBe(0)
    const other = await site.engine.console(spec.id)
    await firstBytes(other)
    const both = [firstBytes(one), firstBytes(other)]
    one.write('\r')
    for (const answered of both) expect(await answered).toBeGreaterThan(0)
    one.destroy()
    other.destroy()
  })

  test('goes on over a reboot', async () => {
    const line = await site.engine.console(spec.id)
    await site.engine.reboot(spec, site.order())
    await site.until(spec.id, (state) => state.guestUp)
    expect(line.readableEnded).toBe(false)
    expect(line.destroyed).toBe(false)
    line.destroy()
  })

  test('ends with the machine, whose log stays', async () => {
    const line = await site.engine.console(spec.id)
    const said = text(line)
    await site.engine.ensureStopped(spec.id, 0, site.order())
    expect(await said).not.toBe('')
    await expect(site.engine.console(spec.id)).rejects.toThrow(NotRunningError)
    expect(await log()).not.toBe('')
  })

  test('ends when the machine hibernates, and is there again when it goes on', async (context) => {
    context.skip(!site.engine.capabilities().hibernate, 'this engine cannot hibernate')
    const said = text(await site.engine.console(spec.id))
    await site.engine.ensureHibernated(spec.id, site.order())
    expect(await said).not.toBe('')
    await expect(site.engine.console(spec.id)).rejects.toThrow(NotRunningError)
    await site.engine.ensureMachine(spec, site.order())
    const line = await site.engine.console(spec.id)
    await firstBytes(line)
    const answered = firstBytes(line)
    line.write('\r')
    expect(await answered).toBeGreaterThan(0)
    line.destroy()
  })

  test('is there for those who come after the server was away', async () => {
    await site.reopen()
    const line = await site.engine.console(spec.id)
    expect(await firstBytes(line)).toBeGreaterThan(0)
    line.destroy()
  })

  test('has a log, of which as much is read as is wanted', async () => {
    const whole = await log()
    const end = await site.engine.consoleLog(spec.id, 10)
    expect(end).toHaveLength(10)
    expect(whole.endsWith(Buffer.from(end).toString())).toBe(true)
  })

  test('is none for a machine that nobody heard of', async () => {
    await expect(site.engine.console(randomUUID())).rejects.toThrow(NotFoundError)
    await expect(site.engine.consoleLog(randomUUID(), 10)).rejects.toThrow(NotFoundError)
  })

  test('has a screen beside it, or the engine says that it has none', async () => {
    if (!site.engine.capabilities().display)
      return expect(site.engine.display(spec.id)).rejects.toThrow(UnsupportedError)
    const screens = [await site.engine.display(spec.id), await site.engine.display(spec.id)]
    for (const screen of screens) {
      const greeting = await new Promise<Buffer>((resolve) => screen.once('data', resolve))
      expect(String(greeting)).toMatch(/^RFB 003\.\d{3}\n/)
      screen.destroy()
    }
  })

  test('has counters that grow while it runs, and begin anew with another start', async (context) => {
    context.skip(!site.engine.capabilities().metrics, 'this engine does not measure')
    const before = await site.engine.metrics(spec.id)
    const after = await site.engine.metrics(spec.id)
    expect(after.epoch).toBe(before.epoch)
    expect(after.cpuSeconds).toBeGreaterThanOrEqual(before.cpuSeconds)
    expect(after.cpuSeconds).toBeGreaterThan(0)
    expect(after.diskReadBytes).toBeGreaterThan(0)
    expect(after.networkReceivedBytes).toBeGreaterThan(0)

    await site.engine.ensureStopped(spec.id, 0, site.order())
    await expect(site.engine.metrics(spec.id)).rejects.toThrow(NotRunningError)
    await site.engine.ensureMachine(spec, site.order())
    await site.until(spec.id, (state) => state.guestUp)
    expect((await site.engine.metrics(spec.id)).epoch).not.toBe(before.epoch)
  })

  test('counts for nobody who is not there', async (context) => {
    context.skip(!site.engine.capabilities().metrics, 'this engine does not measure')
    await expect(site.engine.metrics(randomUUID())).rejects.toThrow(NotFoundError)
  })
}

/** How many bytes come next. */
function firstBytes(line: Duplex): Promise<number> {
  return new Promise((resolve) => line.once('data', (chunk: Buffer) => resolve(chunk.length)))
}
