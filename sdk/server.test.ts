/** Against the real application, without a socket between. */
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { startFeed } from '../cli/cloud/cloud.testing.ts'
import { type Api, createApi } from '../server/src/testing/api.ts'
import { newPublicKey, testImage, testRegion } from '../server/src/testing/world.ts'
import { AuthenticationError, Garrison, NameTaken, NotFound, WaitFailed } from './index.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let garrison: Garrison

beforeEach(async () => {
  api = await createApi()
  me = await api.client()
  garrison = as(me.key)
})
afterEach(() => api.close())

const as = (key: string) =>
  new Garrison({
    url: 'http://garrison.test',
    key,
    retries: 0,
    fetch: async (input, init) => api.app.request(input as string, init),
  })

async function deployed(name = 'web-1') {
  const { ssh_key } = await garrison.sshKeys.create({ name, public_key: newPublicKey() })
  const { data } = await garrison.instances.deploy({
    vm_name: name,
    region: testRegion,
    flavor: 'cpu-small',
    os_image: testImage,
    ssh_key_ids: [ssh_key.id],
  })
  if (data === null) throw new Error('it waits for room')
  return data
}

it('deploys, waits, looks and deletes, with the types of the contract', async () => {
  api.startRunner()
  const { instance_id } = await deployed()
  const seen: string[] = []
  const instance = await garrison.instances.waitUntil(instance_id, 'ACTIVE', {
    onLook: ({ status }) => seen.push(status),
  })
  expect(instance).toMatchObject({ vm_name: 'web-1', status: 'ACTIVE' })
  expect(seen.at(-1)).toBe('ACTIVE')
  expectTypeOf(instance.ssh_command).toEqualTypeOf<string | null>()
  const { operations } = await garrison.operations.list({ subject: instance_id })
  expect(await garrison.waitFor(operations[0] ?? '')).toMatchObject({ state: 'done' })
  await garrison.instances.delete(instance_id)
  await garrison.instances.waitUntil(instance_id, 'DELETED')
})

it('says that what is waited for cannot come any more', async () => {
  api.startRunner()
  const { instance_id } = await deployed()
  await garrison.instances.waitUntil(instance_id, 'ACTIVE')
  await expect(garrison.instances.waitUntil(instance_id, 'SHUTOFF')).rejects.toThrow(
    new WaitFailed('web-1 is ACTIVE, not SHUTOFF'),
  )
})

it('waits no longer than it is told to', async () => {
  const { instance_id } = await deployed()
  const waiting = garrison.instances.waitUntil(instance_id, 'ACTIVE', { timeoutMs: 10 })
  await expect(waiting).rejects.toThrow(/^Not there after/)
})

describe('lists', () => {
  it('give one page, or the rows of all pages', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await garrison.scripts.create({ name, script: '#!/bin/sh\n' })
    }
    const page = await garrison.scripts.list({ page_size: 2 })
    expect(page.pagination).toMatchObject({ total_pages: 3, has_next: true })
    expect(page.scripts).toHaveLength(2)
    const names: string[] = []
    for await (const { name } of garrison.scripts.list({ page_size: 2 })) names.push(name)
    expect(names.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('whatever they call the size of a page', async () => {
    api.startRunner()
    const instance = await api.runningInstance(me.caller)
    await api.readySnapshot(me.caller, instance)
    await api.readySnapshot(me.caller, instance)
    const snapshots = await Array.fromAsync(garrison.snapshots.list({ pageSize: 1 }))
    expect(snapshots.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS'])
    const records = await Array.fromAsync(garrison.billing.snapshots({ limit: 1 }))
    expect(records.map(({ size_gb }) => size_gb)).toEqual([10, 10])
  })

  it('fail like any other call, also when nobody reads on', async () => {
    const stranger = as('brk_wrong')
    await expect(stranger.instances.list()).rejects.toThrow(AuthenticationError)
    await expect(Array.fromAsync(stranger.instances.list())).rejects.toThrow(AuthenticationError)
  })
})

it('lists what has happened, and follows what happens', async () => {
  const feed = await startFeed(api)
  const seen: string[] = []
  const following = (async () => {
    const kinds = ['instance.*', 'script.created']
    for await (const { event } of garrison.events.stream({ after: 0, kinds })) {
      seen.push(event)
      if (seen.length === 2) return
    }
  })()
  await garrison.scripts.create({ name: 'a', script: '#!/bin/sh\n' })
  await deployed()
  await following
  expect(seen).toEqual(['script.created', 'instance.creating'])
  const all = await garrison.events.list({ after: 0, limit: 500 })
  const rows = await Array.fromAsync(garrison.events.list({ after: 0, limit: 1 }))
  expect(rows).toEqual(all.events)
  await feed.close()
})

it('errors are classes, with the words of the server', async () => {
  await garrison.scripts.create({ name: 'a', script: '#!/bin/sh\n' })
  await expect(garrison.scripts.create({ name: 'A', script: '#!/bin/sh\n' })).rejects.toThrow(
    NameTaken,
  )
  await expect(garrison.instances.get('BRK-999999D')).rejects.toThrow(
    expect.objectContaining({ message: 'Instance BRK-999999D not found', name: 'NotFound' }),
  )
})

it('sees nothing of another account', async () => {
  const { id } = await garrison.scripts
    .create({ name: 'a', script: '#!/bin/sh\n' })
    .then(({ script }) => script)
  const stranger = as((await api.client('Stranger')).key)
  await expect(stranger.scripts.get(id)).rejects.toThrow(NotFound)
})

it('carries a snapshot out and in again, in parts', async () => {
  api.startRunner()
  const source = await api.readySnapshot(me.caller, await api.runningInstance(me.caller))
  await garrison.snapshots.export(source.public_id)
  await api.settle()
  const { manifest } = (await garrison.snapshots.getExport(source.public_id)).export
  if (manifest === null) throw new Error('no file')
  const bytes = async (from: number) => {
    const chunks = await Array.fromAsync(garrison.snapshots.download(source.public_id, { from }))
    return new Uint8Array(Buffer.concat(chunks))
  }
  const file = await bytes(0)
  expect(await bytes(10)).toEqual(file.subarray(10))
  expect(await bytes(file.length)).toEqual(new Uint8Array())

  const { snapshot } = await garrison.snapshots.import({
    manifest,
    region: testRegion,
    name: 'brought-in',
  })
  await garrison.snapshots.upload(snapshot.id, (from, to) => file.slice(from, to))
  await api.settle()
  const brought = await garrison.snapshots.get(snapshot.id)
  expect(brought.snapshot).toMatchObject({ name: 'brought-in', status: 'SUCCESS' })
})
