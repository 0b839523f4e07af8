/** A world for tests of volumes, and one line for each thing that they do. */
import { afterEach, beforeEach } from 'vitest'
import type { Caller } from '../caller.ts'
import type { Instance } from '../instances/store.ts'
import { createWorld, type World, type WorldOptions } from '../testing/world.ts'
import type { Volume } from './store.ts'

type Ids = Pick<Volume, 'public_id'>

export function openSite(options: WorldOptions = {}) {
  let world: World
  let me: Caller
  beforeEach(async () => {
    world = await createWorld(options)
    me = await world.account()
  })
  afterEach(() => world.close())

  const publicIds = (volumes: readonly Ids[]) => volumes.map((volume) => volume.public_id)

  return {
    get world() {
      return world
    },
    get me() {
      return me
    },
    /** As it is now. */
    now: ({ public_id }: Ids) => world.services.volumes.require(world.db, me, public_id),
    attach: (machine: Pick<Instance, 'public_id'>, ...volumes: Ids[]) =>
      world.change((tx) =>
        world.services.attachments.attach(tx, me, machine.public_id, publicIds(volumes)),
      ),
    detach: (...volumes: Ids[]) =>
      world.change((tx) =>
        world.services.attachments.detach(tx, me, publicIds(volumes), undefined),
      ),
    remove: ({ public_id }: Ids) =>
      world.change((tx) => world.services.volumes.delete(tx, me, public_id)),
    clone: ({ public_id }: Ids, name?: string) =>
      world.change((tx) => world.services.volumes.clone(tx, me, public_id, { name })),
    resize: ({ public_id }: Ids, sizeGb: number) =>
      world.change((tx) => world.services.volumes.resize(tx, me, public_id, sizeGb)),
    /** What the engine says that the machine has. */
    has: ({ id }: Pick<Instance, 'id'>) => world.engine.volumesOf(id),
    async stopped() {
      const machine = await world.runningInstance(me)
      await world.change((tx) => world.services.instances.stop(tx, me, machine.public_id))
      await world.settle()
      return machine
    },
  }
}
