/** The commands over the microVM API, on a server whose machines are simulated. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCloud } from '../../cloud/cloud.testing.ts'

let cloud: Awaited<ReturnType<typeof createCloud>>
let me: Awaited<ReturnType<typeof cloud.somebody>>

beforeAll(async () => {
  cloud = await createCloud()
  me = await cloud.somebody()
})
afterAll(() => cloud.close())

it('a microVM is started, used, copied, suspended, kept and ended by its name', async () => {
  const started = await me.garrison('vm', 'create', '--name', 'tests', '--lifetime', '1h')
  expect(started.errors).not.toMatch(/^garrison:/m)
  expect(started.output).toMatch(/^tests is running as vm_\w+, for another (1 h|59 min)/)
  const done = await me.garrison('vm', 'exec', 'tests', '--', 'echo', 'hello')
  expect(done).toMatchObject({ code: 0, output: 'hello\n' })
  expect(await me.garrison('vm', 'exec', 'tests', '--', 'exit', '3')).toMatchObject({ code: 3 })

  expect((await me.garrison('vm', 'suspend', 'tests')).output).toMatch(/^tests is suspended/)
  const refused = await me.garrison('vm', 'exec', 'tests', '--', 'true')
  expect(refused).toMatchObject({ code: 1, errors: expect.stringMatching(/suspended/) })
  await me.garrison('vm', 'resume', 'tests')
  const [row] = await me.json('vm', 'list')
  const longer = await me.garrison('vm', 'extend', 'tests', '7d')
  expect(longer.output).toMatch(/another (7 d|6 d)/)
  const cloned = await me.json('vm', 'clone', row.vm_id)
  expect(cloned).toMatchObject({ status: 'running' })

  const taken = await me.garrison('vm', 'snapshot', 'take', row.vm_id, 'prepared')
  expect(taken.output).toMatch(/^prepared is ready as snap_/)
  const next = await me.json('vm', 'create', '--snapshot', 'prepared', '--env', 'A=b=c')
  expect((await me.garrison('vm', 'exec', next.vm_id, '--', 'echo', '$A')).output).toBe('b=c\n')

  const unsaid = await me.garrison('vm', 'rm', next.vm_id)
  expect(unsaid).toMatchObject({ code: 2, errors: expect.stringMatching(/--yes/) })
  const ids = (await me.json('vm', 'list')).map(({ vm_id }: { vm_id: string }) => vm_id)
  expect((await me.garrison('vm', 'rm', ...ids, '--yes')).code).toBe(0)
  expect(await me.json('vm', 'list')).toEqual([])
})

it('a snapshot is built before everybody’s eyes, and goes when it is not needed', async () => {
  const image = 'python:3.12-slim'
  const built = await me.garrison('vm', 'snapshot', 'build', image, '--name', 'py')
  expect(built).toMatchObject({ code: 0, output: expect.stringMatching(/^py is ready as snap_/) })
  expect(built.errors).not.toBe('')
  expect((await me.garrison('vm', 'snapshot', 'log', 'py')).output).not.toBe('')
  expect((await me.garrison('vm', 'snapshot', 'list')).output).toContain('python:3.12-slim')
  expect(await me.garrison('vm', 'snapshot', 'rm', 'py', '--yes')).toMatchObject({ code: 0 })
  await cloud.settle()
  expect(await me.garrison('vm', 'snapshot', 'show', 'py')).toMatchObject({ code: 1 })
})

it('what cannot be understood is said', async () => {
  for (const line of [
    ['vm', 'create', '--lifetime', 'soon'],
    ['vm', 'create', '--env', 'x'],
    ['vm', 'exec', 'none'],
    ['vm', 'show', 'none'],
    ['vm', 'create', '--memory', '127'],
  ]) {
    const { code, errors } = await me.garrison(...line)
    expect(code, line.join(' ')).toBeGreaterThan(0)
    expect(errors, line.join(' ')).not.toContain('undefined')
  }
})
