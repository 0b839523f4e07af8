import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import type { WorldOptions } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let path: string
let snapshotId: string

async function begin(name = 'web', options?: WorldOptions) {
  api = await createApi(options)
  me = await api.client()
  const instance = await api.runningInstance(me.caller, name)
  path = `/api/instances/${instance.public_id}/`
  snapshotId = (await api.readySnapshot(me.caller, instance)).public_id
}
afterEach(() => api.close())

const rollBack = (body: object = {}) =>
  me.post(`${path}rollback/`, { snapshot_id: snapshotId, ...body })
const instance = async () => (await me.get(path)).body.instance
const effects = () => api.engine.effects().map((effect) => effect.split(' ')[0])
async function stop() {
  await me.post(`${path}stop/`)
  await api.settle()
}

async function refused(
  request: () => ReturnType<Api['send']>,
  ...expected: [number, Parameters<typeof expectRefusal>[2], ...(string | RegExp)[]]
) {
  const before = await footprint(api)
  const fields = expectRefusal(await request(), ...expected)
  expect(await footprint(api)).toEqual(before)
  return fields
}

describe('a rollback', () => {
  beforeEach(() => begin())

  it('of a stopped machine leaves it stopped, with its address', async () => {
    await stop()
    const { ip_address, server_uuid } = await instance()
    const reply = await rollBack()
    expect(reply).toMatchObject({
      status: 200,
      body: { status: 'RESTORING', previous_status: 'SHUTOFF', snapshot_first_id: null },
    })
    expect(reply.body.message).toContain(reply.body.discards_since)
    await api.settle()
    expect(await instance()).toMatchObject({ status: 'SHUTOFF', ip_address, server_uuid })
    expect(effects().at(-1)).toBe('disk.rollback')
  })

  it('of a running machine has to be forced, and starts it again', async () => {
    await refused(rollBack, 400, 'INVALID_INSTANCE_STATE', /ACTIVE.*"force": true/)
    expect((await rollBack({ force: true })).status).toBe(200)
    await api.settle()
    expect(await instance()).toMatchObject({ status: 'ACTIVE' })
    expect(effects().slice(-3)).toEqual(['machine.stop', 'disk.rollback', 'machine.start'])
  })

  it('can keep the present state before, and be undone with it', async () => {
    await stop()
    const { body } = await rollBack({ snapshot_first: 'present' })
    await api.settle()
    expect(effects().slice(-2)).toEqual(['snapshot.create', 'disk.rollback'])
    const first = (await me.get(`/api/snapshots/${body.snapshot_first_id}/`)).body.snapshot
    expect(first).toMatchObject({ name: 'present', status: 'SUCCESS' })
    expect((await rollBack({ snapshot_id: first.id })).status).toBe(200)
    await api.settle()
    expect(await instance()).toMatchObject({ status: 'SHUTOFF' })
  })

  it("to another machine's snapshot is refused", async () => {
    const other = await api.readySnapshot(me.caller, await api.runningInstance(me.caller))
    const request = () => rollBack({ snapshot_id: other.public_id, force: true })
    const fields = await refused(
      request,
      400,
      'VALIDATION_ERROR',
      /not a snapshot of this instance/,
    )
    expect(Object.keys(fields)).toEqual(['snapshot_id'])
  })

  it("to a stranger's snapshot finds nothing", async () => {
    const stranger = await api.account('Stranger')
    const theirs = await api.readySnapshot(stranger, await api.runningInstance(stranger))
    await refused(() => rollBack({ snapshot_id: theirs.public_id }), 404, 'NOT_FOUND')
  })

  it('whose first snapshot has a name that is taken does nothing', async () => {
    const { name } = (await me.get(`/api/snapshots/${snapshotId}/`)).body.snapshot
    const request = () => rollBack({ snapshot_first: name, force: true })
    await refused(request, 409, 'NAME_ALREADY_EXISTS')
  })

  it('is refused without a snapshot, and of what is deleted', async () => {
    await refused(() => me.post(`${path}rollback/`, {}), 400, 'VALIDATION_ERROR', /required/)
    await me.delete(path)
    await api.settle()
    await refused(rollBack, 400, 'INVALID_INSTANCE_STATE', /DELETED/)
  })

  it('keeps its snapshot from being deleted meanwhile', async () => {
    await api.stopRunners()
    await rollBack({ force: true })
    const request = () => me.delete(`/api/snapshots/${snapshotId}/`)
    await refused(request, 409, 'OPERATION_IN_PROGRESS', /rollback-instance/)
  })
})

it('a rollback that fails says so, and keeps the snapshot that was taken first', async () => {
  await begin('fail-rollback')
  await stop()
  const { body } = await rollBack({ snapshot_first: 'present' })
  await api.settle()
  const { status, error } = await instance()
  expect({ status, error }).toMatchObject({
    status: 'ERROR',
    error: expect.stringMatching(/^It could not be rolled back: .*fail-rollback/),
  })
  const first = await me.get(`/api/snapshots/${body.snapshot_first_id}/`)
  expect(first.body.snapshot.status).toBe('SUCCESS')
})

it('a region that cannot roll back says so', async () => {
  await begin('web', { capabilities: { rollback: false } })
  await refused(() => rollBack({ force: true }), 400, 'TIER_NOT_SUPPORTED', /roll/)
})
