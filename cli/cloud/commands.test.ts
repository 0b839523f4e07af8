/** The commands over the API, as people and scripts use them. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newPublicKey, testRegion } from '../../server/src/testing/world.ts'
import { createCloud, run } from './cloud.testing.ts'

let cloud: Awaited<ReturnType<typeof createCloud>>
let me: Awaited<ReturnType<typeof cloud.somebody>>
let folder: string

beforeAll(async () => {
  cloud = await createCloud()
  folder = mkdtempSync(join(tmpdir(), 'garrison-commands-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await cloud.close()
})
beforeEach(async () => {
  me = await cloud.somebody()
})

const file = (name: string, content: string) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const withKey = () => me.garrison('ssh-key', 'add', 'laptop', file('id.pub', newPublicKey()))

it('leads from a key to a machine, and back to nothing', async () => {
  expect(await withKey()).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^laptop is added as BRK-\d+K/),
  })
  const created = await me.garrison('instance', 'create', 'web-1')
  expect(created).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^web-1 runs as BRK-\d+D/),
  })
  expect(created.errors).toContain('Deploying web-1')
  const list = await me.garrison('instance', 'list')
  expect(list.output).toMatch(/^NAME +ID +STATUS .*\nweb-1 +BRK-\d+D +ACTIVE /)

  expect(await me.garrison('instance', 'stop', 'WEB-1')).toMatchObject({
    code: 0,
    output: 'web-1 is stopped.\n',
  })
  const operations = await me.json('operation', 'list')
  expect(operations.map(({ kind }: { kind: string }) => kind)).toEqual([
    'stop-instance',
    'deploy-instance',
  ])
  const { output } = await me.garrison('operation', 'show', operations[0].id)
  expect(output).toMatch(/^stop-instance of instance BRK-\d+D: done\n/)

  expect(await me.garrison('instance', 'delete', 'web-1', '--yes')).toMatchObject({
    code: 0,
    output: 'web-1 is deleted.\n',
  })
  expect(await me.garrison('instance', 'list')).toMatchObject({
    code: 0,
    output: '',
    errors: 'No instances. Make one: ./garrison instance create NAME\n',
  })
})

it('gives scripts the objects of the API, and nothing else', async () => {
  await withKey()
  const instance = await me.json('instance', 'create', 'web-1', '--allow', '22')
  expect(instance).toMatchObject({ vm_name: 'web-1', status: 'ACTIVE', region: testRegion })
  expect(instance.security_rules).toMatchObject([{ port_range_min: 22 }])
  expect(await me.json('instance', 'list')).toMatchObject([{ instance_id: instance.instance_id }])
  const begun = await me.json('instance', 'stop', 'web-1', '--no-wait')
  expect(begun).toMatchObject({ status: 'STOPPING', previous_status: 'ACTIVE' })
})

describe('names where ids are', () => {
  it('an id works too, and whoever has none gets the list', async () => {
    const { id } = await me.json('script', 'create', 'a', file('a.sh', '#!/bin/sh\necho a\n'))
    expect((await me.garrison('script', 'show', id)).output).toBe('#!/bin/sh\necho a\n')
    expect((await me.garrison('script', 'show', 'A')).output).toBe('#!/bin/sh\necho a\n')
    expect(await me.garrison('script', 'show', 'b')).toMatchObject({
      code: 1,
      errors: 'garrison: There is no script "b"\n  See those there are: ./garrison script list\n',
    })
  })

  it('of a stranger lead nowhere', async () => {
    await me.garrison('script', 'create', 'a', file('a.sh', '#!/bin/sh\n'))
    const stranger = await cloud.somebody('Stranger')
    expect((await stranger.garrison('script', 'show', 'a')).errors).toContain('There is no script')
  })
})

describe('before something is lost', () => {
  const create = () => me.garrison('script', 'create', 'a', file('a.sh', '#!/bin/sh\n'))

  it('it is named, and only a plain yes will do', async () => {
    await create()
    const no = await run(['script', 'delete', 'a'], { answers: ['maybe'] })
    expect(no).toMatchObject({ code: 1, errors: expect.stringContaining('Nothing was changed') })
    expect(no.errors).toContain('Delete a for good? [y/N]')
    expect(await run(['script', 'delete', 'a'], { answers: ['y'] })).toMatchObject({ code: 0 })
    expect(await me.json('script', 'list')).toEqual([])
  })

  it('nobody who can be asked means no', async () => {
    await create()
    expect(await me.garrison('script', 'delete', 'a')).toMatchObject({
      code: 2,
      errors: expect.stringContaining('add --yes'),
    })
  })
})

describe('what the server refuses is said with what to do', () => {
  it('a state that forbids it', async () => {
    await withKey()
    await me.garrison('instance', 'create', 'web-1')
    const { code, errors } = await me.garrison('instance', 'start', 'web-1')
    expect(code).toBe(1)
    expect(errors).toContain('garrison: Instance must be SHUTOFF to start; it is ACTIVE\n')
  })

  it('bad input, by its fields, as a command line that was not understood', async () => {
    const { code, errors } = await me.garrison(
      'volume',
      'create',
      'x/y',
      '--size',
      '1',
      '--region',
      'MOON',
    )
    expect(code).toBe(2)
    expect(errors).toMatch(/name: Use letters/)
  })

  it('a key that is not valid', async () => {
    process.env.GARRISON_API_KEY = 'brk_wrong'
    const { errors } = await run(['instance', 'list'])
    expect(errors).toContain(`Log in again: ./garrison login ${cloud.url}`)
    expect(errors).toContain('The key is from the environment.')
  })

  it('no SSH key, before anything is asked for', async () => {
    const { errors } = await me.garrison('instance', 'create', 'web-1')
    expect(errors).toContain('Add yours: ./garrison ssh-key add laptop ~/.ssh/id_ed25519.pub')
  })
})

it('writes a private key for its owner alone, and never over another', async () => {
  const out = join(folder, 'ci.pem')
  expect(await me.garrison('ssh-key', 'create', 'ci', '--out', out)).toMatchObject({ code: 0 })
  expect(readFileSync(out, 'utf8')).toContain('PRIVATE KEY')
  expect(statSync(out).mode & 0o777).toBe(0o600)
  const again = await me.garrison('ssh-key', 'create', 'ci-2', '--out', out)
  expect(again.errors).toContain(`Cannot write ${out}`)
  expect(await me.json('ssh-key', 'list')).toHaveLength(1)
})

it('refuses a private key where the public one belongs', async () => {
  const secret = file('id', '-----BEGIN OPENSSH PRIVATE KEY-----\n')
  const { code, errors } = await me.garrison('ssh-key', 'add', 'laptop', secret)
  expect(code).toBe(2)
  expect(errors).toContain(`${secret}.pub`)
})

it('takes snapshots, pins, restores, images and carries them as files', async () => {
  await withKey()
  await me.garrison('instance', 'create', 'web-1')
  expect(await me.garrison('snapshot', 'create', 'web-1', 'before')).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^before is taken as BRK-\d+S\.\n/),
  })
  expect((await me.garrison('snapshot', 'pin', 'before')).output).toBe('before is pinned.\n')
  expect((await me.garrison('snapshot', 'delete', 'before', '--yes')).errors).toContain('pinned')
  expect((await me.garrison('snapshot', 'unpin', 'before')).output).toBe('before is unpinned.\n')
  expect((await me.garrison('snapshot', 'restore', 'before', 'web-2')).output).toMatch(
    /^web-2 is ACTIVE as BRK-\d+D/,
  )
  expect((await me.garrison('image', 'create', 'before', 'base')).output).toMatch(
    /^base is available as \d+\.\n/,
  )
  expect(await me.json('image', 'show', 'base')).toMatchObject({ snapshot_name: 'before' })

  const disk = join(folder, 'web.qcow2')
  expect(await me.garrison('snapshot', 'export', 'before', disk)).toMatchObject({
    code: 0,
    output: expect.stringContaining('is written'),
    errors: expect.not.stringContaining('garrison:'),
  })
  const whole = readFileSync(disk)
  writeFileSync(disk, whole.subarray(0, 100))
  await me.garrison('snapshot', 'export', 'before', disk)
  expect(readFileSync(disk).equals(whole)).toBe(true)
  const brought = await me.garrison(
    'snapshot',
    'import',
    disk,
    '--region',
    testRegion,
    '--name',
    'in',
  )
  expect(brought).toMatchObject({ code: 0, output: expect.stringMatching(/^in is SUCCESS as/) })
})

it('keeps volumes and gives them to machines', async () => {
  await withKey()
  await me.garrison('instance', 'create', 'web-1')
  const make = ['volume', 'create', 'data', '--size', '10', '--region', testRegion]
  expect((await me.garrison(...make)).output).toMatch(/^data is available as BRK-\d+V/)
  expect((await me.garrison('volume', 'attach', 'web-1', 'data')).output).toBe('data: attached.\n')
  expect((await me.garrison('volume', 'list')).output).toMatch(/in-use .* web-1 /)
  expect((await me.garrison('volume', 'resize', 'data', '20')).code).toBe(0)
  expect((await me.garrison('volume', 'detach', 'data')).output).toBe('data: detached.\n')
  expect((await me.garrison('volume', 'delete', 'data', '--yes')).output).toBe('data is deleted.\n')
})

it('makes firewalls, with rules and machines', async () => {
  await withKey()
  await me.garrison('instance', 'create', 'web-1')
  expect((await me.garrison('firewall', 'create', 'web', '--region', testRegion)).code).toBe(0)
  const add = ['firewall', 'rule', 'add', 'web', '--port', '8000-8100', '--from', '192.0.2.0/24']
  expect((await me.garrison(...add)).output).toBe('The rule is added to web.\n')
  expect((await me.garrison('firewall', 'attach', 'web', 'web-1')).output).toBe(
    'web is attached to 1.\n',
  )
  const rules = await me.json('firewall', 'rule', 'list', 'web')
  expect(rules).toMatchObject([{ port_range_min: 8000, remote_ip_prefix: '192.0.2.0/24' }])
  expect((await me.garrison('firewall', 'rule', 'list', 'web')).output).toContain('8000–8100')
  expect((await me.garrison('firewall', 'rule', 'remove', 'web', rules[0].id, '--yes')).code).toBe(
    0,
  )
  expect(await me.garrison('firewall', 'rule', 'add', 'web', '--port', '99999')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('Give a port such as 22'),
  })
})

it('makes policies and shows what they would do', async () => {
  await withKey()
  await me.garrison('instance', 'create', 'web-1')
  const make = ['policy', 'create', 'nightly', '--daily', '7', '--instance', 'web-1']
  expect((await me.garrison(...make)).output).toMatch(/^nightly is created as BRK-\d+P/)
  expect((await me.garrison('policy', 'list')).output).toMatch(/nightly .* 7 .* web-1/)
  expect((await me.garrison('policy', 'change', 'nightly', '--weekly', '4')).code).toBe(0)
  expect((await me.garrison('policy', 'preview', 'nightly')).code).toBe(0)
})

it.each([
  ['region', 'list'],
  ['flavor', 'list'],
  ['stock'],
  ['image', 'list', '--os'],
  ['volume', 'types'],
  ['deploy-request', 'list'],
  ['billing', 'instances'],
  ['billing', 'snapshots'],
  ['billing', 'volumes'],
  ['billing', 'microvms'],
  ['credits', 'show'],
  ['credits', 'history'],
  ['whoami'],
  ['api-key', 'list'],
  ['events', 'list'],
  ['events', 'kinds'],
])('shows %s %s', async (...args) => {
  expect(await me.garrison(...args)).toMatchObject({ code: 0 })
  expect(await me.json(...args)).toBeTruthy()
})

it('gives programs keys that only read, and takes them back', async () => {
  const { key } = await me.json('api-key', 'create', 'ci', '--read-only')
  process.env.GARRISON_API_KEY = key
  expect((await run(['script', 'list'])).code).toBe(0)
  const refused = await run(['ssh-key', 'create', 'x', '--out', join(folder, 'x.pem')])
  expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('read-only') })
  me.use()
  expect((await me.garrison('api-key', 'list')).output).toMatch(/\nci .* only read /)
  expect((await me.garrison('api-key', 'revoke', 'ci', '--yes')).code).toBe(0)
  expect((await me.json('api-key', 'list')).map(({ name }: { name: string }) => name)).toEqual([
    'test',
  ])
})

it('tells what has happened, of what was asked for', async () => {
  await withKey()
  await me.garrison('instance', 'create', 'web-1')
  const list = ['events', 'list', '--kind', 'instance.*']
  const kinds = async (...more: string[]) =>
    (await me.json(...list, ...more)).map(({ kind }: { kind: string }) => kind)
  await expect
    .poll(() => kinds('--instance', 'web-1'))
    .toEqual(expect.arrayContaining(['instance.creating', 'instance.active']))
  expect(await kinds('--limit', '1')).toEqual((await kinds()).slice(-1))
  expect((await me.garrison('events', 'list', '--kind', 'moon.*')).code).toBe(2)
})

it('asks the assistant, and says what it cost', async () => {
  const { code, output, errors } = await me.garrison('ask', 'what', 'runs?')
  expect(errors).toMatch(/\d+ tokens, \$0\.\d+/)
  expect(code).toBe(0)
  expect(output.trim()).not.toBe('')
  expect(await me.json('ask', 'what', 'runs?')).toMatchObject({ object: 'chat.completion' })
  expect((await me.garrison('ask', '--models')).output).toContain('barrack-small')
  expect(await me.garrison('ask')).toMatchObject({ code: 2 })
  expect((await me.garrison('ask', 'x', '--model', 'moon')).code).toBe(2)
})

it('sends events elsewhere, and shows the secret once', async () => {
  const make = ['webhook', 'create', 'https://9.9.9.9/hooks', '--kind', 'snapshot.*']
  const made = await me.garrison(...make)
  expect(made).toMatchObject({ code: 0, output: expect.stringMatching(/^whsec_\S+\n$/) })
  const [webhook] = await me.json('webhook', 'list')
  expect(webhook).toMatchObject({ event_patterns: ['snapshot.*'], enabled: true })
  expect((await me.garrison('webhook', 'disable', webhook.id)).code).toBe(0)
  expect((await me.garrison('webhook', 'list')).output).toContain('disabled')
  expect((await me.json('webhook', 'deliveries', webhook.id)).length).toBe(0)
  expect((await me.garrison('webhook', 'create', 'ftp://x', '--kind', '*')).code).toBe(2)
  expect((await me.garrison('webhook', 'delete', webhook.id, '--yes')).code).toBe(0)
})

it('lets operators look at everything', async () => {
  const operator = await cloud.somebody('Operator', { role: 'operator' })
  await me.garrison('script', 'list')
  operator.use()
  for (const what of ['hosts', 'accounts', 'operations', 'prices']) {
    const { code, errors } = await operator.garrison('operator', what)
    expect([what, code, errors]).toEqual([what, 0, expect.any(String)])
  }
  expect((await operator.garrison('operator', 'account', me.caller.accountPublicId)).code).toBe(0)
})

it('lets only operators look at the installation', async () => {
  expect(await me.garrison('operator', 'hosts')).toMatchObject({
    code: 1,
    errors: expect.stringContaining('garrison whoami'),
  })
})

it('names a cloud that does not answer, and how to see why', async () => {
  process.env.GARRISON_URL = 'http://127.0.0.1:9'
  const { code, errors } = await run(['instance', 'list'])
  expect(code).toBe(1)
  expect(errors).toMatch(
    /Cannot reach http:\/\/127\.0\.0\.1:9: .*\n.*curl http:\/\/127\.0\.0\.1:9\/healthz/,
  )
})

it('helps with a noun, and with one that is mistyped', async () => {
  expect((await run(['help', 'instance', 'create'])).output).toContain('--gpu <model[:count]>')
  expect((await run(['instance', '--help'])).output).toContain('hibernate [options] <instance>')
  const { code, errors } = await run(['instance', 'lst'])
  expect([code, errors]).toEqual([2, expect.stringContaining('Did you mean list?')])
})
