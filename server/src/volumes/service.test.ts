import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { createApi } from '../testing/api.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { createWorld, testImage, testRegion } from '../testing/world.ts'
import { openSite } from './testing.ts'

const code = (error_code: string) => expect.objectContaining({ code: error_code })

describe('a volume', () => {
  const site = openSite()
  const { now, clone, resize, remove } = site
  const list = () =>
    site.world.services.volumes.list(site.world.db, site.me, {}, { limit: 20, offset: 0 })

  it('is available once it has been made, and counted', async () => {
    const volume = await site.world.volume(site.me, { sizeGb: 12 })
    expect(volume).toMatchObject({ status: 'available', volume_type: 'SSD', size_gb: 12 })
    expect((await site.world.engine.holdings()).volumes).toEqual([volume.id])
    const { total, statistics } = await list()
    expect(total).toBe(1)
    expect(statistics).toEqual({ total: 1, gb: 12, attached: 0, bootable: 0 })
  })

  it('is suggested the smallest name that is free', async () => {
    for (const name of ['Volume1', 'volume3', 'volume02'])
      await site.world.volume(site.me, { name })
    expect((await list()).nextName).toBe('volume2')
  })

  it('has a name of its own, whatever the case', async () => {
    await site.world.volume(site.me, { name: 'data' })
    await expect(site.world.volume(site.me, { name: 'DATA' })).rejects.toEqual(
      code('NAME_ALREADY_EXISTS'),
    )
  })

  it('is gone when it is deleted, and its name free', async () => {
    const volume = await site.world.volume(site.me, { name: 'data' })
    await remove(volume)
    await site.world.settle()
    await expect(now(volume)).rejects.toEqual(code('NOT_FOUND'))
    expect((await site.world.engine.holdings()).volumes).toEqual([])
    await site.world.volume(site.me, { name: 'data' })
  })

  it('grows and never shrinks', async () => {
    const volume = await site.world.volume(site.me, { sizeGb: 10 })
    for (const size of [10, 9])
      await expect(resize(volume, size)).rejects.toEqual(code('VALIDATION_ERROR'))
    await resize(volume, 30)
    await site.world.settle()
    expect(await now(volume)).toMatchObject({ status: 'available', size_gb: 30 })
  })

  it('is cloned under a name that fits', async () => {
    const name = 'n'.repeat(50)
    const source = await site.world.volume(site.me, { name, bootable: true })
    const { volume } = await clone(source)
    expect(volume).toMatchObject({ status: 'cloning', name: `${'n'.repeat(44)}-clone` })
    await site.world.settle()
    expect(await now(volume)).toMatchObject({
      ...{ status: 'available', bootable: true, os_image: testImage },
    })
  })

  it('is not deleted while it is being cloned', async () => {
    const source = await site.world.volume(site.me)
    await site.world.stopRunners()
    await clone(source)
    await expect(remove(source)).rejects.toEqual(code('OPERATION_IN_PROGRESS'))
  })

  it('is cloned where its source is', async () => {
    const world = await createWorld({
      hosts: ['host-1', 'host-2'].map((name) => ({
        ...{ name, vcpus: 4, memoryMib: 8192, diskGb: 1_000, diskFreeGb: 1_000, gpus: [] },
      })),
    })
    try {
      const me = await world.account()
      const source = await world.volume(me)
      const other = source.host === 'host-1' ? 'host-2' : 'host-1'
      // The other one would be chosen for anything new.
      await world.db
        .updateTable('volumes')
        .set({ host: other })
        .where('id', '=', source.id)
        .execute()
      const copy = await world.change((tx) =>
        world.services.volumes.clone(tx, me, source.public_id, {}),
      )
      expect(copy.volume.host).toBe(other)
    } finally {
      await world.close()
    }
  })

  it('takes the room that it may come to need, and no more than there is', async () => {
    await site.world.volume(site.me, { sizeGb: 39_000 })
    await expect(site.world.volume(site.me, { sizeGb: 2_000 })).rejects.toEqual(
      code('INSUFFICIENT_CAPACITY'),
    )
    const small = await site.world.volume(site.me, { sizeGb: 900 })
    await expect(resize(small, 2_000)).rejects.toEqual(code('INSUFFICIENT_CAPACITY'))
    await expect(
      site.world.deploy(site.me, undefined, { flavor: 'cpu-large', os_volume_size_gb: 500 }),
    ).rejects.toEqual(code('INSUFFICIENT_CAPACITY'))
  })
})

describe('what a region lacks is refused', () => {
  it.each([
    ['volumes', 'create'],
    ['volumeClone', 'clone'],
    ['volumeResize', 'resize'],
  ] as const)('%s', async (ability, action) => {
    const world = await createWorld({ capabilities: { [ability]: false } })
    try {
      const me = await world.account()
      const { volumes } = world.services
      const refused = expect.objectContaining({ code: 'TIER_NOT_SUPPORTED' })
      if (action === 'create') {
        await expect(world.volume(me)).rejects.toEqual(refused)
        return
      }
      const { public_id } = await world.volume(me)
      const done = world.change(async (tx) => {
        if (action === 'clone') await volumes.clone(tx, me, public_id, {})
        else await volumes.resize(tx, me, public_id, 20)
      })
      await expect(done).rejects.toEqual(refused)
    } finally {
      await world.close()
    }
  })

  it.each([
    [{ hotplug: false }, 'ACTIVE', /must be SHUTOFF to attach volumes; it is ACTIVE/],
    [{ coldplug: false }, 'SHUTOFF', /must be ACTIVE to attach volumes; it is SHUTOFF/],
  ] as const)('%j: a machine that is %s', async (capabilities, status, words) => {
    const world = await createWorld({ capabilities })
    try {
      const me = await world.account()
      const { attachments, instances } = world.services
      const [machine, volume] = [await world.runningInstance(me), await world.volume(me)]
      if (status === 'SHUTOFF') {
        await world.change((tx) => instances.stop(tx, me, machine.public_id))
        await world.settle()
      }
      const attached = world.change((tx) =>
        attachments.attach(tx, me, machine.public_id, [volume.public_id]),
      )
      await expect(attached).rejects.toMatchObject({
        code: 'INVALID_INSTANCE_STATE',
        message: expect.stringMatching(words),
      })
    } finally {
      await world.close()
    }
  })

  it('a volume of another region', async () => {
    const api = await createApi()
    try {
      const me = await api.client()
      const machine = await api.runningInstance(me.caller)
      const volume = await api.volume(me.caller)
      await sql`update volumes set region = 'NORWAY-1'`.execute(api.db)
      const body = { instance_id: machine.public_id, volume_ids: [volume.public_id] }
      const reply = await me.post('/api/volumes/attach/', body)
      expectRefusal(reply, 400, 'REGION_MISMATCH', 'NORWAY-1', testRegion)
    } finally {
      await api.close()
    }
  })
})

describe('bad input', () => {
  it('is refused with words, and nothing comes of it', async () => {
    const api = await createApi()
    try {
      const me = await api.client()
      const post = (change: object) =>
        me.post('/api/volumes/', { name: 'data', region: testRegion, size_gb: 10, ...change })
      const wrong: [string, object][] = [
        ['name', { name: '' }],
        ['name', { name: 'a/b' }],
        ['name', { name: 'x'.repeat(51) }],
        ['size_gb', { size_gb: 0 }],
        ['size_gb', { size_gb: -5 }],
        ['size_gb', { size_gb: 1.5 }],
        ['size_gb', { size_gb: 1_048_577 }],
        ['size_gb', { size_gb: '10' }],
        ['region', { region: 'MARS-1' }],
        ['volume_type', { volume_type: 'NVMe' }],
        ['os_image', { bootable: true }],
        ['os_image', { os_image: testImage }],
        ['os_image', { bootable: true, os_image: 'windows-95' }],
      ]
      for (const [field, change] of wrong) {
        const fields = expectRefusal(await post(change), 400, 'VALIDATION_ERROR')
        expect(Object.keys(fields), JSON.stringify(change)).toEqual([field])
      }
      const attach = (body: object) => me.post('/api/volumes/attach/', body)
      const ids = Array.from({ length: 21 }, (_, n) => `BRK-${100_000 + n}V`)
      for (const volume_ids of [[], ['BRK-1V', 'BRK-1V'], ids, 'BRK-1V', [1]])
        expectRefusal(
          await attach({ instance_id: 'BRK-123456D', volume_ids }),
          400,
          'VALIDATION_ERROR',
        )
      expectRefusal(
        await attach({ instance_id: 'BRK-000000D', volume_ids: ['BRK-000000V'] }),
        404,
        'NOT_FOUND',
      )
      expectRefusal(await me.get('/api/volumes/?status=lost'), 400, 'VALIDATION_ERROR')
      expectRefusal(await me.get('/api/volumes/nonsense/'), 404, 'NOT_FOUND')
      expect((await me.get('/api/volumes/')).body).toMatchObject({ volumes: [] })
    } finally {
      await api.close()
    }
  })
})
