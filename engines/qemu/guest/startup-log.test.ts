import { expect, test } from 'vitest'
import { EngineError } from '../../engine.ts'
import { AgentRefusal } from './agent.ts'
import { readStartupLog } from './startup-log.ts'

const OURS = '/var/lib/garrison/startup.json'
const OUTPUT = '/var/log/cloud-init-output.log'
const STATUS = '/run/cloud-init/status.json'
const RESULT = '/run/cloud-init/result.json'

/** A guest agent with these files; a handle is the place of its file in the list. */
function agentWith(files: Record<string, string | Buffer>) {
  const open: (string | null)[] = []
  const positions: number[] = []
  const ask = async (command: string, args: object) => {
    const { path, handle, offset, whence, count } = args as {
      path: string
      handle: number
      offset: number
      whence: string
      count: number
    }
    switch (command) {
      case 'guest-file-open':
        if (files[path] === undefined) throw new AgentRefusal('No such file or directory')
        positions.push(0)
        return open.push(path) - 1
      case 'guest-file-seek':
        positions[handle] = offset + (whence === 'end' ? contentOf(handle).length : 0)
        return { position: positions[handle], eof: false }
      case 'guest-file-read': {
        const from = positions[handle] ?? 0
        const read = contentOf(handle).subarray(from, from + count)
        return { count: read.length, 'buf-b64': read.toString('base64'), eof: true }
      }
      case 'guest-file-close':
        open[handle] = null
        return {}
      default:
        throw new Error(command)
    }
  }
  const contentOf = (handle: number) => Buffer.from(files[open[handle] ?? ''] ?? '')
  return { ask, leftOpen: () => open.filter((path) => path !== null) }
}

const read = (files: Record<string, string | Buffer>) => readStartupLog(agentWith(files).ask)

const ours = (change: object = {}) =>
  JSON.stringify({
    ...{ status: 'succeeded', exit_code: 0 },
    ...{ started_at: '2026-01-10T09:00:00Z', finished_at: '2026-01-10T09:00:01Z', ...change },
  })

test('a guest of ours tells how it ended', async () => {
  expect(await read({ [OURS]: ours(), [OUTPUT]: 'hello\n' })).toEqual({
    ...{ status: 'succeeded', exitCode: 0, log: 'hello\n' },
    startedAt: new Date('2026-01-10T09:00:00Z'),
    finishedAt: new Date('2026-01-10T09:00:01Z'),
  })
})

test('a guest that has nothing to tell yet tells nothing', async () => {
  expect(await read({})).toBeNull()
  expect(await read({ [OUTPUT]: 'noise' })).toBeNull()
})

test('every file is closed again', async () => {
  const agent = agentWith({ [OURS]: ours(), [OUTPUT]: 'hello\n' })
  await readStartupLog(agent.ask)
  expect(agent.leftOpen()).toEqual([])
})

test('of a long output the last 64 KiB are read', async () => {
  const log = (await read({ [OURS]: ours(), [OUTPUT]: `${'x'.repeat(100_000)}end` }))?.log
  expect(log).toHaveLength(65_536)
  expect(log).toMatch(/x{3}end$/)
})

test('output that is no text can be stored', async () => {
  const output = Buffer.from([0x00, 0xff, 0x41])
  expect((await read({ [OURS]: ours(), [OUTPUT]: output }))?.log).toBe('\ufffd\ufffdA')
})

test.each<[string, string]>([
  ['no JSON', '{'],
  ['another shape', '[]'],
  ['an unknown status', ours({ status: 'fine' })],
  ['an impossible exit code', ours({ exit_code: 1e9 })],
  ['no time', ours({ started_at: 'yesterday' })],
])('a guest that writes %s is not believed', async (_, content) => {
  expect(await read({ [OURS]: content })).toBeNull()
})

const seconds = Date.UTC(2026, 0, 10) / 1_000
const status = (stages: object) => JSON.stringify({ v1: { datasource: null, ...stages } })
const begun = { 'init-local': { start: seconds, finished: seconds + 1, errors: [] } }
const fetched = { ...begun, init: { start: seconds + 1, finished: seconds + 2, errors: [] } }
const finished = { ...fetched, 'modules-final': { start: seconds + 3, finished: seconds + 9.5 } }

test('cloud-init that may not have fetched user-data has not begun', async () => {
  const early = { ...begun, init: { start: seconds + 1, finished: null } }
  expect(await read({ [STATUS]: status(early) })).toBeNull()
})

test('cloud-init that has fetched user-data is running', async () => {
  expect(await read({ [STATUS]: status(fetched), [OUTPUT]: 'so far\n' })).toEqual({
    ...{ status: 'running', exitCode: null, log: 'so far\n' },
    ...{ startedAt: new Date(seconds * 1_000), finishedAt: null },
  })
})

test.each<[string, unknown[]]>([
  ['succeeded', []],
  ['failed', ["('scripts_user', RuntimeError('Runparts: 1 failures'))"]],
])('cloud-init that ended has %s by its errors', async (how, errors) => {
  const result = JSON.stringify({ v1: { datasource: 'DataSourceNoCloud', errors } })
  expect(await read({ [STATUS]: status(finished), [RESULT]: result })).toMatchObject({
    ...{ status: how, exitCode: null, log: '' },
    finishedAt: new Date((seconds + 9.5) * 1_000),
  })
})

test('a silent agent is an error, and is not asked for the other files', async () => {
  const asked: string[] = []
  const silent = async (command: string) => {
    asked.push(command)
    throw new EngineError('The guest agent did not answer')
  }
  await expect(readStartupLog(silent)).rejects.toThrow(/did not answer/)
  expect(asked).toEqual(['guest-file-open'])
})
