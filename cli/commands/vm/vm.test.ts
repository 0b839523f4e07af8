/** The commands over the microVM API, on a server whose machines are simulated. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CapacityError } from '@garrison/engines/engine'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { loadConfig } from '../../../server/src/config.ts'
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
  const odd = await me.garrison('vm', 'extend', 'tests', '5x')
  expect(odd).toMatchObject({ code: 2, errors: expect.stringMatching(/90s, 15m/) })
  const cloned = await me.json('vm', 'clone', row.vm_id)
  expect(cloned).toMatchObject({ status: 'running', metadata: {} })
  await me.patch(`/v1/vms/${cloned.vm_id}`, { metadata: { task: 'more' } })
  const renamed = await me.garrison('vm', 'rename', cloned.vm_id, 'copy')
  expect(renamed.output).toMatch(/^copy is running as /)
  expect(await me.json('vm', 'show', 'copy')).toMatchObject({
    metadata: { task: 'more', name: 'copy' },
  })
  expect(await me.garrison('vm', 'exec', 'tests', '--', 'true')).toMatchObject({ code: 0 })

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

it('what begins something begins it once, also when its answer is lost on the way', async () => {
  const somebody = await cloud.somebody('Unlucky')
  const send = globalThis.fetch
  const lost: string[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const answer = await send(input, init)
    const what = String(input)
    if (init?.method !== 'POST' || lost.includes(what)) return answer
    lost.push(what)
    throw new TypeError('fetch failed')
  })
  try {
    for (const line of [
      ['create', '--name', 'one'],
      ['suspend', 'one'],
      ['resume', 'one'],
      ['snapshot', 'take', 'one', 'kept'],
      ['snapshot', 'build', 'python:3.12-slim', '--name', 'built'],
      ['clone', 'one'],
    ]) {
      const said = await somebody.garrison('vm', ...line)
      expect(said, line.join(' ')).toMatchObject({ code: 0 })
    }
  } finally {
    vi.restoreAllMocks()
  }
  expect(lost).toHaveLength(6)
  expect(await somebody.json('vm', 'list')).toHaveLength(2)
  const kept: { name: string }[] = await somebody.json('vm', 'snapshot', 'list', '--type', 'user')
  expect(kept.map(({ name }) => name).sort()).toEqual(['built', 'kept'])
  me.use()
})

it('a start that finds no room is tried once, and leaves one that failed', async () => {
  const somebody = await cloud.somebody('Crowded')
  const full = new CapacityError('no memory is left')
  vi.spyOn(cloud.engine.microvms, 'ensureMicrovm').mockRejectedValue(full)
  const said = await somebody.garrison('vm', 'create')
  vi.restoreAllMocks()
  expect(said).toMatchObject({ code: 1, errors: expect.stringContaining('no memory is left') })
  expect(await somebody.json('vm', 'list', '--all')).toMatchObject([{ status: 'failed' }])
  me.use()
})

it('what microVMs and their snapshots cost is listed by their names, also when they have ended', async () => {
  const somebody = await cloud.somebody('Payer')
  expect((await somebody.garrison('billing', 'microvms')).errors).toContain('has cost anything')
  await somebody.garrison('vm', 'create', '--name', 'payer')
  await somebody.garrison('vm', 'snapshot', 'take', 'payer', 'kept')
  await somebody.garrison('vm', 'rm', 'payer', '--yes')
  const { output } = await somebody.garrison('billing', 'microvms')
  expect(output).toMatch(/^NAME +ID +TYPE +STATUS +BEGAN +MINUTES +TIME +COST\n/)
  expect(output).toMatch(/\nkept +snap_\w+ +snapshot +active +just now +0 +0\.0 s +\$0\.00\n/)
  expect(output).toMatch(/\npayer +vm_\w+ +microVM +completed +just now +0 +/)
  expect(await somebody.json('billing', 'microvms')).toMatchObject([
    { resource_type: 'microvm-snapshot', resource_name: 'kept' },
    { resource_type: 'microvm', total_duration_seconds: expect.any(Number) },
  ])
  me.use()
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

it('what a microVM may reach is shown, and replaced as a whole', async () => {
  const { vm_id } = await me.json('vm', 'create', '--name', 'shut')
  expect((await me.garrison('vm', 'egress', 'show', 'shut')).output).toMatch(/allow https +no/)
  const knobs = ['--package-managers', '--domain', 'a.example.com,b.example.com']
  const set = await me.garrison('vm', 'egress', 'set', 'shut', ...knobs)
  expect(set).toMatchObject({ code: 0, output: expect.stringContaining('in force') })
  const shown = await me.json('vm', 'egress', 'show', 'shut')
  expect(shown).toMatchObject({ allow_package_managers: true, allow_https: false })
  expect(shown.allowed_domains).toEqual(['a.example.com', 'b.example.com'])
  await me.garrison('vm', 'egress', 'set', 'shut', '--network', '203.0.113.0/24')
  expect(await me.json('vm', 'egress', 'show', vm_id)).toMatchObject({
    ...{ allow_package_managers: false, allowed_domains: [], allowed_cidrs: ['203.0.113.0/24'] },
  })
  const refused = await me.garrison('vm', 'egress', 'set', 'shut', '--domain', 'com')
  expect(refused).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/allowed_domains\.0: use a name/),
  })
})

it('a microVM begins with what it may reach and with a share, when that is said', async () => {
  const somebody = await cloud.somebody('Careful')
  const knobs = ['--package-managers', '--domain', 'api.example.com']
  const line = ['vm', 'create', '--name', 'agent', ...knobs, '--public-share', '8080']
  const made = await somebody.garrison(...line)
  expect(made.output).toMatch(/^agent is running .*\nPort 8080 is at http\S+, for everybody\.\n$/)
  expect(await somebody.json('vm', 'egress', 'show', 'agent')).toMatchObject({
    ...{ allow_package_managers: true, allow_https: false, in_force: true },
    allowed_domains: ['api.example.com'],
  })
  expect(await somebody.json('vm', 'create', '--share', '3000')).toMatchObject({
    share: { port: 3000, is_public: false },
  })
  const both = await somebody.garrison('vm', 'create', '--share', '1', '--public-share', '2')
  expect(both).toMatchObject({ code: 2, errors: expect.stringContaining('vm share create') })
  me.use()
})

it('an environment is given to one that starts, or to one that runs, and is not shown', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'garrison-vm-env-'))
  const [good, wrong] = [join(folder, 'good'), join(folder, 'wrong')]
  try {
    writeFileSync(good, '# of tests\nTOKEN=s3cret=x\r\n\nSTAGE=file\n')
    writeFileSync(wrong, 'A=1\nhunter2\n')
    const begun = ['vm', 'create', '--name', 'env', '--env-file', good, '--env', 'STAGE=line']
    const { output, errors } = await me.garrison(...begun)
    expect(output + errors).not.toContain('s3cret')
    const said = async (name: string) =>
      (await me.garrison('vm', 'exec', 'env', '--', 'echo', name)).output
    expect([await said('$TOKEN'), await said('$STAGE')]).toEqual(['s3cret=x\n', 'line\n'])

    const staged = await me.garrison('vm', 'env', 'env', '--env', 'STAGE=later')
    expect(staged).toMatchObject({ code: 0, output: 'STAGE is set in env, for python and bash.\n' })
    expect(await said('$STAGE')).toBe('later\n')
    expect(await me.garrison('vm', 'env', 'env')).toMatchObject({ code: 2 })
    for (const file of [wrong, join(folder, 'none')]) {
      const refused = await me.garrison('vm', 'env', 'env', '--env-file', file)
      expect(refused.code).toBeGreaterThan(0)
      expect(refused.errors).toMatch(/line 2 .*NAME=value|cannot be read/)
      expect(refused.errors).not.toContain('hunter2')
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('a volume takes files, gives them back as they were at a checkpoint, and goes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'garrison-vm-volume-'))
  const file = join(folder, 'report.csv')
  const volume = (...line: string[]) => me.garrison('vm', 'volume', ...line)
  try {
    writeFileSync(file, 'one')
    expect((await volume('create', 'results', '--quota', '2M')).output).toMatch(
      /as vol_\w+, .* 2\.1 MB/,
    )
    await volume('put', 'results', file, 'data/report.csv')
    const { id } = await me.json('vm', 'volume', 'checkpoint', 'results', 'before')
    writeFileSync(file, 'two')
    const again = await volume('put', 'results', file, 'data/report.csv')
    expect(again).toMatchObject({ code: 1, errors: expect.stringContaining('overwrite') })
    await volume('put', 'results', file, 'data/report.csv', '--overwrite')
    expect((await volume('files', 'results')).output).toMatch(/\ndata\/report\.csv +3 B /)
    expect((await volume('checkpoints', 'results')).output).toContain(id)
    await volume('get', 'results', 'data/report.csv', join(folder, 'now'))
    await volume('get', 'results', 'data/report.csv', join(folder, 'then'), '--checkpoint', id)
    expect(readFileSync(join(folder, 'now'), 'utf8')).toBe('two')
    expect(readFileSync(join(folder, 'then'), 'utf8')).toBe('one')
    expect(await volume('get', 'results', 'none', folder)).toMatchObject({ code: 1 })
    expect((await volume('create', 'x', '--quota', 'lots')).errors).toContain('500M or 2G')
    expect(await volume('rm', 'results')).toMatchObject({ code: 2 })
    expect(await volume('rm', 'results', '--yes')).toMatchObject({
      output: 'results is deleted.\n',
    })
    expect(await me.json('vm', 'volume', 'list')).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('a port is shared, opened, closed and taken back', async () => {
  await me.garrison('vm', 'create', '--name', 'site')
  const made = await me.garrison('vm', 'share', 'create', 'site', '8080')
  expect(made.output).toMatch(/^Port 8080 is at http:\S+, for your account/)
  const [{ name, share_id, url }] = await me.json('vm', 'share', 'list', 'site')
  expect((await me.garrison('vm', 'share', 'public', name)).output).toContain('for everybody')
  expect((await me.garrison('vm', 'share', 'private', url)).output).toContain('your account')
  await me.garrison('vm', 'create', '--name', 'other')
  expect(await me.json('vm', 'share', 'list', 'other')).toEqual([])
  expect((await me.garrison('vm', 'share', 'list')).output).toContain(url)
  expect((await me.garrison('vm', 'share', 'revoke', share_id)).errors).toMatch(/--yes/)
  const gone = await me.garrison('vm', 'share', 'revoke', name, '--yes')
  expect(gone).toMatchObject({ code: 0, output: `${name} is revoked.\n` })
  expect(await me.json('vm', 'share', 'list')).toEqual([])
  const again = await me.garrison('vm', 'share', 'revoke', name, '--yes')
  expect(again).toMatchObject({ code: 1, errors: expect.stringContaining('vm share list') })
})

it('without a gateway nobody logs in by SSH, and the setting is named', async () => {
  await me.garrison('vm', 'create', '--name', 'lonely')
  const refused = await me.garrison('vm', 'ssh', 'lonely')
  expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('microvms.ssh.port') })
  expect(refused.errors).toContain('vm shell lonely')
})

it('with a gateway ssh is run as people would, and its exit code is ours', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'garrison-vm-ssh-'))
  const { PATH } = process.env
  const { microvms } = loadConfig({ env: {}, dataDir: folder })
  const ssh = { ...microvms.ssh, port: 2222, host: '192.0.2.7' }
  const there = await createCloud({ dataDir: folder, microvms: { ...microvms, ssh } })
  try {
    writeFileSync(join(folder, 'ssh'), `#!/bin/sh\necho "$@" > ${folder}/called\nexit 3\n`)
    chmodSync(join(folder, 'ssh'), 0o755)
    process.env.PATH = `${folder}:${PATH}`
    const somebody = await there.somebody()
    const { vm_id } = await somebody.json('vm', 'create', '--name', 'tests')
    const line = ['vm', 'ssh', 'tests', '--identity', 'key', '--', 'uname', '-a']
    expect(await somebody.garrison(...line)).toMatchObject({ code: 3, output: '' })
    const called = readFileSync(join(folder, 'called'), 'utf8')
    expect(called).toBe(`-i key -p 2222 ${vm_id}@192.0.2.7 uname -a\n`)
  } finally {
    process.env.PATH = PATH
    await there.close()
    me.use()
    rmSync(folder, { recursive: true })
  }
})

it('what cannot be understood is said', async () => {
  for (const line of [
    ['vm', 'create', '--lifetime', 'soon'],
    ['vm', 'create', '--env', 'x'],
    ['vm', 'create', '--name', ' '],
    ['vm', 'exec', 'none'],
    ['vm', 'show', 'none'],
    ['vm', 'create', '--memory', '127'],
    ['vm', 'share', 'create', 'none', '80'],
    ['vm', 'share', 'revoke', 'none'],
    ['vm', 'ssh', 'none'],
  ]) {
    const { code, errors } = await me.garrison(...line)
    expect(code, line.join(' ')).toBeGreaterThan(0)
    expect(errors, line.join(' ')).not.toContain('undefined')
  }
})
