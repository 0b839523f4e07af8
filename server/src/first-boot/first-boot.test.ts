/** What a machine is given for its first boot, and what is told of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { loadConfig } from '../config.ts'
import type { Instance } from '../instances/store.ts'
import { settableClock } from '../testing/settable-clock.ts'
import {
  createWorld,
  testImage,
  testRegion,
  type World,
  type WorldOptions,
} from '../testing/world.ts'
import { mostUnanswered } from './store.ts'

const SCRIPT = '#!/bin/sh\necho secret\n'

let world: World
let me: Caller

async function open(options: WorldOptions = {}) {
  world = await createWorld(options)
  me = await world.account()
}
afterEach(() => world.close())

const deploy = (change: Parameters<World['deploy']>[2], name?: string) =>
  world.deploy(me, name, change)
const logOf = async ({ public_id }: Instance) =>
  (await world.services.firstBoot.read(world.db, me, public_id)).log
const collect = () => world.services.firstBoot.collect(world.db, testRegion, world.engine)
const rowOf = (instance: Instance) => world.instance(me, instance)
const stop = async ({ public_id }: Instance) => {
  await world.change((tx) => world.services.instances.stop(tx, me, public_id))
  await world.settle()
}

describe('a machine', () => {
  beforeEach(() => open())

  it('is given a copy of the script, which may change or go', async () => {
    const script = await world.startupScript(me, SCRIPT)
    const { public_id } = script
    const instance = await deploy({ startup_script_id: public_id })
    await world.change((tx) =>
      world.services.scripts.update(tx, me, public_id, { script: '#!/bin/sh\n' }),
    )
    await world.change((tx) => world.services.scripts.delete(tx, me, public_id))
    expect((await rowOf(instance)).user_data).toBe(SCRIPT)
  })

  it.each<[string, string, boolean]>([
    ['a script', SCRIPT, true],
    ['what it can do of #cloud-config', '#cloud-config\nruncmd: [ls]\n', false],
  ])('is given %s', async (_, cloud_init, asItIs) => {
    const { user_data } = await rowOf(await deploy({ cloud_init }))
    if (asItIs) expect(user_data).toBe(cloud_init)
    else expect(user_data).toMatch(/^#!\/bin\/sh\n[\s\S]*base64 -d/)
  })

  it.each<[string, object, string]>([
    ['cloud_init', { cloud_init: '#cloud-config\npackages: [nginx]\n' }, 'cloud_init'],
    ['a script', { script: '#cloud-config\npackages: [nginx]\n' }, 'startup_script_id'],
  ])('is not made when its image cannot do what %s asks for', async (_, asked, field) => {
    const { script, ...change } = asked as { script?: string }
    const startup =
      script === undefined
        ? {}
        : { startup_script_id: (await world.startupScript(me, script)).public_id }
    await expect(deploy({ ...change, ...startup })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      fields: { [field]: [expect.stringMatching(/garrison-small does not know "packages"/)] },
    })
    expect(await world.db.selectFrom('instances').select('id').execute()).toEqual([])
  })

  it('is given a script or a cloud-init text, not both', async () => {
    const { public_id } = await world.startupScript(me)
    const both = { startup_script_id: public_id, cloud_init: SCRIPT }
    await expect(deploy(both)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      fields: {
        cloud_init: [expect.stringMatching(/either/)],
        startup_script_id: [expect.stringMatching(/either/)],
      },
    })
  })

  it("is not given a stranger's script, nor one that there is not", async () => {
    const stranger = await world.account('Stranger')
    const { public_id } = await world.startupScript(stranger)
    for (const startup_script_id of [public_id, 'BRK-000000C'])
      await expect(deploy({ startup_script_id })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `Startup script ${startup_script_id} not found`,
      })
  })

  it('has no Jupyter server, and its image is named', async () => {
    const jupyter = { enabled: true, password: 'correct horse' }
    await expect(deploy({ jupyter })).rejects.toMatchObject({
      fields: { jupyter: [expect.stringMatching(/^garrison-small has no Jupyter/)] },
    })
    await expect(deploy({ jupyter: { enabled: false } })).resolves.toBeDefined()
  })
})

describe('the startup log', () => {
  beforeEach(() => open())

  it('is none of a machine that was given nothing', async () => {
    const instance = await world.runningInstance(me)
    expect(await logOf(instance)).toBeUndefined()
  })

  it('is pending before the machine runs', async () => {
    expect(await logOf(await deploy({ cloud_init: SCRIPT }))).toMatchObject({
      ...{ status: 'pending', log: null, exit_code: null, started_at: null, finished_at: null },
    })
  })

  it('tells how it ended, and then the user-data is forgotten', async () => {
    const instance = await deploy({ cloud_init: SCRIPT })
    await world.settle()
    expect((await rowOf(instance)).user_data).toBe(SCRIPT)
    expect(await collect()).toEqual([])
    expect((await rowOf(instance)).user_data).toBeNull()
    expect(await logOf(instance)).toMatchObject({
      ...{ status: 'succeeded', exit_code: 0, log: expect.stringMatching(/simulated/) },
      ...{ started_at: expect.any(Date), finished_at: expect.any(Date) },
    })
  })

  it('tells of a failure', async () => {
    const instance = await deploy({ cloud_init: SCRIPT }, 'fail-script')
    await world.settle()
    expect(await logOf(instance)).toMatchObject({ status: 'failed', exit_code: 1 })
  })

  it('is read a last time before a stop, and stays after it', async () => {
    const instance = await deploy({ cloud_init: SCRIPT })
    await world.settle()
    await stop(instance)
    expect(await logOf(instance)).toMatchObject({ status: 'succeeded' })
  })

  it('does not change once it has ended', async () => {
    const instance = await deploy({ cloud_init: SCRIPT })
    await world.settle()
    const ended = await logOf(instance)
    world.engine.readStartupLog = async () => {
      throw new Error('asked again')
    }
    expect(await collect()).toEqual([])
    expect(await logOf(instance)).toEqual(ended)
  })

  it('shows what is kept when the guest cannot be asked', async () => {
    const instance = await deploy({ cloud_init: SCRIPT })
    await world.settle()
    world.engine.readStartupLog = async () => {
      throw new Error('no answer')
    }
    expect(await logOf(instance)).toMatchObject({ status: 'pending' })
    const failures = await collect()
    expect(failures.map((failure) => failure.machine)).toEqual([instance.public_id])
  })

  it('is asked for less and less often, and not after a day of silence', async () => {
    await world.close()
    const clock = settableClock('2026-01-10T09:00:00Z')
    await open({ clock })
    const instance = await deploy({ cloud_init: SCRIPT })
    await world.settle()
    const begun = clock.now().getTime()
    let asked = 0
    world.engine.readStartupLog = async () => {
      asked++
      return null
    }
    await collect()
    await collect()
    expect(asked).toBe(1)
    // It has come up.
    await world.services.firstBoot.askSoon(world.db, instance.id)
    await collect()
    expect(asked).toBe(2)
    const row = () => world.db.selectFrom('startup_logs').selectAll().executeTakeFirstOrThrow()
    for (
      let { ask_at, status } = await row();
      status === 'pending';
      { ask_at, status } = await row()
    ) {
      expect(ask_at).not.toBeNull()
      clock.set((ask_at ?? clock.now()).toISOString())
      await collect()
    }
    expect(asked).toBe(mostUnanswered)
    expect((clock.now().getTime() - begun) / 3_600_000).toBeCloseTo(24, -1)
    expect(await logOf(instance)).toMatchObject({
      status: 'failed',
      log: expect.stringMatching(/nothing/i),
    })
    expect((await rowOf(instance)).user_data).toBeNull()
  })

  it('goes with its machine', async () => {
    const instance = await deploy({ cloud_init: SCRIPT })
    await world.settle()
    await collect()
    await world.change((tx) => world.services.instances.delete(tx, me, instance.public_id))
    await world.settle()
    expect(await logOf(instance)).toBeUndefined()
    expect(await world.db.selectFrom('startup_logs').selectAll().execute()).toEqual([])
  })

  it('is not carried to a machine made of a snapshot', async () => {
    const instance = await deploy({ cloud_init: SCRIPT })
    await world.settle()
    const { public_id } = await world.readySnapshot(me, instance)
    const restored = await world.change((tx) =>
      world.services.snapshots.restore(tx, me, public_id, 'restored'),
    )
    expect(await logOf(restored.instance)).toBeUndefined()
  })

  it('leaves no trace of what was run in operations, audit log and events', async () => {
    await deploy({ cloud_init: SCRIPT })
    await world.settle()
    for (const table of ['operations', 'operation_steps', 'audit_log', 'events'] as const) {
      const rows = await world.db.selectFrom(table).selectAll().execute()
      expect(JSON.stringify(rows)).not.toMatch(/secret/)
    }
  })
})

describe('a region that lacks it refuses, and says what there is instead', () => {
  it.each<[string, WorldOptions['capabilities'], 'cloud_init' | 'script', RegExp]>([
    ['startup scripts', { startupScripts: false }, 'script', /startup_script_id; use cloud_init/],
    ['cloud-init', { cloudInit: false }, 'cloud_init', /cloud_init; use a startup script/],
    [
      'both',
      { cloudInit: false, startupScripts: false },
      'cloud_init',
      /does not offer cloud_init; leave it out/,
    ],
  ])('%s', async (_, capabilities = {}, what, words) => {
    await open({ capabilities })
    const change =
      what === 'script'
        ? { startup_script_id: (await world.startupScript(me)).public_id }
        : { cloud_init: SCRIPT }
    await expect(deploy(change)).rejects.toMatchObject({
      code: 'TIER_NOT_SUPPORTED',
      message: expect.stringMatching(words),
    })
  })
})

describe('an image with Jupyter', () => {
  const jupyter = { enabled: true, password: 'correct horse' }
  beforeEach(async () => {
    const { os_images } = loadConfig({ env: {}, dataDir: '/nowhere' })
    await open({
      config: { os_images: os_images.map((image) => ({ ...image, has_jupyter: true })) },
    })
  })

  it('is given the password as a hash only, before the own script', async () => {
    const { user_data, jupyter: isOn } = await rowOf(await deploy({ jupyter, cloud_init: SCRIPT }))
    expect(isOn).toBe(true)
    expect(user_data).toMatch(/^#!\/bin\/sh\n[\s\S]*"hashed_password": "argon2:/)
    expect(user_data).not.toContain('correct horse')
    expect(user_data).toContain(Buffer.from(SCRIPT).toString('base64'))
  })

  it('is given it without an own script too', async () => {
    expect((await rowOf(await deploy({ jupyter }))).user_data).toContain('argon2:')
  })

  it(`is ${testImage} only in this test: none of ours is marked`, () => {
    const { os_images } = loadConfig({ env: {}, dataDir: '/nowhere', demo: true })
    expect(os_images.filter((image) => image.has_jupyter)).toEqual([])
  })
})
