import { EngineError } from '@garrison/engines/engine'
import { describe, expect, it, vi } from 'vitest'
import { transaction } from '../database/database.ts'
import { hastyClock } from '../testing/hasty-clock.ts'
import { openSite } from './testing.ts'

const site = openSite()
const { now, attach, detach, remove, resize, clone, has, stopped } = site

const code = (error_code: string) => expect.objectContaining({ code: error_code })

describe('attaching', () => {
  it('gives a running machine its volumes, and then says so', async () => {
    const machine = await site.world.runningInstance(site.me)
    const [one, two] = [await site.world.volume(site.me), await site.world.volume(site.me)]
    await site.world.stopRunners()
    const { volumes } = await attach(machine, one, two)
    expect(volumes.map((volume) => volume.status)).toEqual(['attaching', 'attaching'])
    await site.world.settle()
    expect(has(machine)).toEqual([one.id, two.id].sort())
    expect(await now(one)).toMatchObject({
      status: 'in-use',
      instance_public_id: machine.public_id,
      vm_name: machine.name,
    })
  })

  it('waits in a stopped machine for its start', async () => {
    const machine = await stopped()
    const volume = await site.world.volume(site.me)
    await attach(machine, volume)
    await site.world.settle()
    await site.world.change((tx) =>
      site.world.services.instances.start(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    expect(has(machine)).toEqual([volume.id])
    expect(await now(volume)).toMatchObject({ status: 'in-use' })
  })

  it('of one volume by two clients at once succeeds for one; the other hears that it is in use', async () => {
    const machines = [
      await site.world.runningInstance(site.me),
      await site.world.runningInstance(site.me),
    ]
    const volume = await site.world.volume(site.me)
    await site.world.stopRunners()
    const answers = await Promise.allSettled(
      machines.map((machine) =>
        transaction(site.world.db, (tx) =>
          site.world.services.attachments.attach(tx, site.me, machine.public_id, [
            volume.public_id,
          ]),
        ),
      ),
    )
    const refused = answers.filter((answer) => answer.status === 'rejected')
    expect(refused.map((answer) => answer.reason)).toEqual([code('VOLUME_IN_USE')])
  })

  it('is all or nothing', async () => {
    const machine = await site.world.runningInstance(site.me)
    const [free, taken] = [await site.world.volume(site.me), await site.world.volume(site.me)]
    await attach(machine, taken)
    await site.world.settle()
    await expect(attach(machine, free, taken)).rejects.toEqual(code('VOLUME_IN_USE'))
    await expect(attach(machine, free, { public_id: 'BRK-000000V' })).rejects.toEqual(
      code('NOT_FOUND'),
    )
    expect(await now(free)).toMatchObject({ status: 'available', instance_id: null })
  })

  it('that the machine refuses leaves the volumes free and says why', async () => {
    const machine = await site.world.runningInstance(site.me, 'fail-attach')
    const volume = await site.world.volume(site.me)
    await attach(machine, volume)
    await site.world.settle()
    expect(has(machine)).toEqual([])
    expect(await now(volume)).toMatchObject({
      status: 'available',
      instance_id: null,
      error: expect.stringContaining('did not take the volumes'),
    })
  })

  it('goes to no more than twenty', async () => {
    const machine = await site.world.runningInstance(site.me)
    const volumes = await Promise.all(
      Array.from({ length: 21 }, (_, index) =>
        site.world.volume(site.me, { name: `volume${index + 1}`, sizeGb: 1 }),
      ),
    )
    const [first, ...others] = volumes
    await attach(machine, ...others)
    await site.world.settle()
    await expect(attach(machine, ...(first ? [first] : []))).rejects.toEqual(code('LIMIT_EXCEEDED'))
  })
})

describe('attaching, where taking it back fails', () => {
  const hasty = openSite({ clock: hastyClock })

  it('leaves the volumes with the machine, to be detached', async () => {
    const machine = await hasty.world.runningInstance(hasty.me, 'keep-volumes')
    const volume = await hasty.world.volume(hasty.me)
    const { engine } = hasty.world
    const attachVolumes = engine.attachVolumes.bind(engine)
    vi.spyOn(engine, 'attachVolumes').mockImplementationOnce(async (...asked) => {
      await attachVolumes(...asked)
      throw new EngineError('The host is tired')
    })
    await hasty.attach(machine, volume)
    await hasty.world.settle()
    expect(hasty.has(machine)).toEqual([volume.id])
    expect(await hasty.now(volume)).toMatchObject({
      ...{ status: 'in-use', instance_id: machine.id },
      error: expect.stringMatching(/tired.*detach it/),
    })
    await hasty.world.change((tx) =>
      hasty.world.services.instances.stop(tx, hasty.me, machine.public_id),
    )
    await hasty.world.settle()
    await hasty.detach(volume)
    await hasty.world.settle()
    expect(hasty.has(machine)).toEqual([])
    expect(await hasty.now(volume)).toMatchObject({
      status: 'available',
      instance_id: null,
      error: null,
    })
  })
})

describe('detaching', () => {
  async function attached(name?: string) {
    const machine = await site.world.runningInstance(site.me, name)
    const volume = await site.world.volume(site.me)
    await attach(machine, volume)
    await site.world.settle()
    return { machine, volume }
  }

  it('finds the machine by itself and frees the volume', async () => {
    const { machine, volume } = await attached()
    const { instance } = await detach(volume)
    expect(instance.public_id).toBe(machine.public_id)
    await site.world.settle()
    expect(has(machine)).toEqual([])
    expect(await now(volume)).toMatchObject({ status: 'available', instance_id: null, error: null })
  })

  it('that a guest ignores leaves the volume in use, with what to do; later it works', async () => {
    const { machine, volume } = await attached('keep-volumes')
    await detach(volume)
    await site.world.settle()
    expect(await now(volume)).toMatchObject({
      status: 'in-use',
      error: expect.stringMatching(/did not let go.*unmount.*or stop the instance/),
    })
    expect(has(machine)).toEqual([volume.id])
    await site.world.change((tx) =>
      site.world.services.instances.stop(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    await detach(volume)
    await site.world.settle()
    expect(await now(volume)).toMatchObject({ status: 'available', error: null })
  })

  it('is refused of one that is not attached, and of two machines at once', async () => {
    const [one, two] = [await attached(), await attached()]
    const free = await site.world.volume(site.me)
    await expect(detach(free)).rejects.toEqual(code('INVALID_VOLUME_STATE'))
    await expect(detach(one.volume, two.volume)).rejects.toEqual(code('VALIDATION_ERROR'))
  })

  it('that a deletion cut short is the machine’s again when the deletion fails, and may be asked for anew', async () => {
    const { machine, volume } = await attached()
    await site.world.stopRunners()
    await detach(volume)
    vi.spyOn(site.world.engine, 'ensureGone').mockRejectedValueOnce(
      new EngineError('The disk is busy'),
    )
    const { instances } = site.world.services
    await site.world.change((tx) => instances.delete(tx, site.me, machine.public_id))
    await site.world.settle()
    expect(await site.world.instance(site.me, machine)).toMatchObject({ status: 'ERROR' })
    expect(await now(volume)).toMatchObject({ status: 'in-use', instance_id: machine.id })
    await site.world.change((tx) => instances.reboot(tx, site.me, machine.public_id))
    await site.world.settle()
    await detach(volume)
    await site.world.settle()
    expect(await now(volume)).toMatchObject({ status: 'available' })
  })
})

describe('a volume that is in use', () => {
  it('is neither deleted nor attached again', async () => {
    const machine = await site.world.runningInstance(site.me)
    const volume = await site.world.volume(site.me)
    await attach(machine, volume)
    await expect(remove(volume)).rejects.toEqual(code('VOLUME_IN_USE'))
    await site.world.settle()
    await expect(remove(volume)).rejects.toEqual(code('VOLUME_IN_USE'))
    await expect(attach(machine, volume)).rejects.toEqual(code('VOLUME_IN_USE'))
  })

  it('grows and is cloned', async () => {
    const machine = await site.world.runningInstance(site.me)
    const volume = await site.world.volume(site.me)
    await attach(machine, volume)
    await site.world.settle()
    await resize(volume, 25)
    await site.world.settle()
    expect(await now(volume)).toMatchObject({ status: 'in-use', size_gb: 25, growing_to_gb: null })
    const copy = await clone(volume)
    await site.world.settle()
    expect(await now(copy.volume)).toMatchObject({ status: 'available', size_gb: 25 })
  })

  it('is free again when its instance is deleted, and still there', async () => {
    const machine = await site.world.runningInstance(site.me)
    const volume = await site.world.volume(site.me)
    await attach(machine, volume)
    await site.world.settle()
    await site.world.change((tx) =>
      site.world.services.instances.delete(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    expect(await now(volume)).toMatchObject({ status: 'available', instance_id: null })
    expect((await site.world.engine.holdings()).volumes).toContain(volume.id)
  })

  it('is free again when its instance is deleted while it is being attached', async () => {
    const machine = await site.world.runningInstance(site.me)
    const volume = await site.world.volume(site.me)
    await site.world.stopRunners()
    await attach(machine, volume)
    await site.world.change((tx) =>
      site.world.services.instances.delete(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    expect(await now(volume)).toMatchObject({ status: 'available', instance_id: null })
  })
})

describe('an instance that boots from a volume', () => {
  const boot = async () => {
    const volume = await site.world.volume(site.me, { bootable: true })
    const { public_id } = volume
    const change = { boot_source: 'volume', volume_id: public_id, os_image: undefined } as const
    const machine = await site.world.deploy(site.me, undefined, change)
    return { volume, machine, change }
  }

  it('has it to itself, and cannot lose it', async () => {
    const { volume, machine, change } = await boot()
    await site.world.settle()
    expect(await site.world.instance(site.me, machine)).toMatchObject({
      ...{ status: 'ACTIVE', disk_gb: 10, os_image: 'garrison-small' },
    })
    expect(await now(volume)).toMatchObject({ status: 'in-use', is_boot: true })
    await expect(detach(volume)).rejects.toEqual(code('INVALID_VOLUME_STATE'))
    await expect(site.world.deploy(site.me, undefined, change)).rejects.toEqual(
      code('VOLUME_IN_USE'),
    )
  })

  it('leaves it behind, and another boots from it', async () => {
    const { volume, machine, change } = await boot()
    await site.world.settle()
    await site.world.change((tx) =>
      site.world.services.instances.delete(tx, site.me, machine.public_id),
    )
    await site.world.settle()
    expect(await now(volume)).toMatchObject({ status: 'available', is_boot: false })
    const again = await site.world.deploy(site.me, undefined, change)
    await site.world.settle()
    expect(await site.world.instance(site.me, again)).toMatchObject({ status: 'ACTIVE' })
  })

  it('keeps all of them while it cannot be made; a reboot makes it with them, its deletion frees them', async () => {
    const volume = await site.world.volume(site.me, { bootable: true })
    const data = await site.world.volume(site.me)
    const machine = await site.world.deploy(site.me, 'fail-start', {
      ...{ boot_source: 'volume', volume_id: volume.public_id, os_image: undefined },
      volume_ids: [data.public_id],
    })
    await site.world.settle()
    expect(await site.world.instance(site.me, machine)).toMatchObject({ status: 'ERROR' })
    const all = () => Promise.all([now(volume), now(data)])
    const kept = { status: 'in-use', instance_id: machine.id }
    expect(await all()).toMatchObject([{ ...kept, is_boot: true }, kept])
    await expect(remove(volume)).rejects.toEqual(code('VOLUME_IN_USE'))

    const ensureMachine = vi.spyOn(site.world.engine, 'ensureMachine')
    const { instances } = site.world.services
    await site.world.change((tx) => instances.reboot(tx, site.me, machine.public_id))
    await site.world.settle()
    expect(ensureMachine.mock.lastCall?.[0]).toMatchObject({
      source: { kind: 'volume', id: volume.id },
      volumes: [{ id: data.id }],
    })
    expect(await all()).toMatchObject([kept, kept])

    await site.world.change((tx) => instances.delete(tx, site.me, machine.public_id))
    await site.world.settle()
    const free = { status: 'available', instance_id: null, is_boot: false }
    expect(await all()).toMatchObject([free, free])
  })

  it('is refused a volume that nothing can boot from', async () => {
    const { public_id } = await site.world.volume(site.me)
    const deployed = site.world.deploy(site.me, undefined, {
      ...{ boot_source: 'volume', volume_id: public_id, os_image: undefined },
    })
    await expect(deployed).rejects.toEqual(code('VALIDATION_ERROR'))
  })
})
