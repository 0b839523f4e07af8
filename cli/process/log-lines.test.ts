import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LogFollower, parseLogLine } from './log-lines.ts'

describe('a line of the log', () => {
  it.each([
    ['{"level":30,"msg":"listening"}', { level: 'info', text: 'listening' }],
    ['{"level":40,"msg":"emulated"}', { level: 'warn', text: 'emulated' }],
    ['{"level":50,"msg":"no","error":{"message":"why"}}', { level: 'error', text: 'no: why' }],
    ['{"level":50,"msg":"no","error":null}', { level: 'error', text: 'no' }],
    ['Port 8600 is taken', { level: 'error', text: 'Port 8600 is taken' }],
    ['null', { level: 'error', text: 'null' }],
    ['12', { level: 'error', text: '12' }],
  ])('%s', (line, meaning) => {
    expect(parseLogLine(line)).toEqual(meaning)
  })
})

describe('a followed log', () => {
  let folder: string
  let log: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'garrison-log-'))
    log = join(folder, 'server.log')
    writeFileSync(log, 'old\n')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('begins where it was told to', () => {
    appendFileSync(log, 'new\n')
    const heard: string[] = []
    using _ = new LogFollower(log, 4, ({ text }) => heard.push(text))
    expect(heard).toEqual(['new'])
  })

  it('hands over whole lines only, whatever bytes they arrive in', () => {
    const heard: string[] = []
    using follower = new LogFollower(log, 4, ({ text }) => heard.push(text))
    const bytes = Buffer.from('grüße\nnext')
    appendFileSync(log, bytes.subarray(0, 3))
    follower.readOn()
    appendFileSync(log, bytes.subarray(3))
    follower.readOn()
    expect(heard).toEqual(['grüße'])
  })

  it('goes on with a log that was cut because it was long', () => {
    const heard: string[] = []
    using follower = new LogFollower(log, 4, ({ text }) => heard.push(text))
    truncateSync(log)
    appendFileSync(log, 'a\n')
    follower.readOn()
    expect(heard).toEqual(['a'])
  })

  it('tells of new lines by itself', async () => {
    const heard: string[] = []
    using _ = new LogFollower(log, 4, ({ text }) => heard.push(text))
    appendFileSync(log, 'new\n')
    await vi.waitFor(() => expect(heard).toEqual(['new']))
  })
})
