/**
 * A whole server without HTTP, for service tests: real PostgreSQL, the simulated engine without its
 * waits, and one line for each thing a test needs to be there.
 */
import type { DeploymentRequest, SecurityRuleRequest } from '@garrison/contract/instances/routes'
import { openOperationStates } from '@garrison/contract/operations/states'
import type { Capabilities, Engine, Holdings, Host } from '@garrison/engines/engine'
import { scaledDurations } from '@garrison/engines/simulated/durations'
import { SimulatedEngine, type SimulatedEngineOptions } from '@garrison/engines/simulated/engine'
import { inMemory, type Persistence } from '@garrison/engines/simulated/state'
import type { Caller, RequestCaller } from '../caller.ts'
import { createRegions } from '../catalog/regions.ts'
import { createCharging } from '../charging.ts'
import { type Clock, systemClock } from '../clock.ts'
import { type Config, loadConfig } from '../config.ts'
import { type Tx, transaction } from '../database/database.ts'
import { createTestDatabase } from '../database/testing.ts'
import { newUuid } from '../ids.ts'
import type { Instance } from '../instances/store.ts'
import type { Log } from '../log.ts'
import type { AnyOperationKind } from '../operations/definition.ts'
import { hearOfOperations } from '../operations/hear.ts'
import { operationKinds } from '../operations/kinds.ts'
import { OperationRunner } from '../operations/runner.ts'
import { createReconciler } from '../reconciliation/reconcile.ts'
import { createServices } from '../services.ts'

export const testRegion = 'LOCAL-1'
export const testImage = 'garrison-small'

/** A rule as it is asked for. */
export const allow = (port: number): SecurityRuleRequest => ({
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  remote_ip_prefix: '0.0.0.0/0',
  port_range_min: port,
  port_range_max: port,
})
export const allowSsh = allow(22)

export type WorldOptions = {
  clock?: Clock
  hosts?: readonly Host[]
  config?: Partial<Config>
  /** What the engine says that it can do, in place of what it can. */
  capabilities?: Partial<Capabilities>
  /** Public addresses of the engine, in place of plenty. */
  addressPools?: SimulatedEngineOptions['addressPools']
  /** Seen by the engine at each effect; throwing there is a failure of the engine. */
  onEffect?: SimulatedEngineOptions['onEffect']
}

const oneHost: Host = {
  name: 'host-1',
  vcpus: 64,
  memoryMib: 262_144,
  diskGb: 10_000,
  diskFreeGb: 5_000,
  gpus: [],
}

export const emptyHoldings: Holdings = {
  machines: [],
  addresses: [],
  publicAddresses: [],
  snapshots: [],
  images: [],
  volumes: [],
  exports: [],
  uploads: [],
}

/** One host, and no waiting for its machines. */
export const machinesInstantly = {
  hosts: [oneHost],
  osImages: [{ name: testImage, minDiskGb: 1 }],
  durations: scaledDurations(0),
}

export type World = Awaited<ReturnType<typeof createWorld>>

export async function createWorld(options: WorldOptions = {}) {
  const { clock = systemClock } = options
  const database = await createTestDatabase()
  const { db } = database
  const config: Config = { ...loadConfig({ env: {}, dataDir: '/nowhere' }), ...options.config }
  const state = inMemory()
  const engine = await openEngine(options, state, clock)
  const engines = new Map<string, Engine>([[testRegion, engine]])
  const regions = createRegions({ engines, clock })
  const services = createServices({ db, clock, config, regions })
  const runners: OperationRunner[] = []
  const log: Log = () => {}

  const listener = await hearOfOperations(database.connection, log, {
    operations: services.operations,
    runners: () => runners,
  })

  const world = {
    db,
    connection: database.connection,
    listener,
    clock,
    config,
    engine,
    engines,
    regions,
    services,
    log,
    reconciler: createReconciler({ db, clock, operations: services.operations, log }),

    /** One round of charging and of what follows from it. */
    charge: () => createCharging({ db, clock, config, regions, services, log }).round(),

    /** The runner starts with the first operation that a test waits for, so that tests may look before. */
    startRunner(kinds: ReadonlyMap<string, AnyOperationKind> = operationKinds): OperationRunner {
      const runner = new OperationRunner({
        db,
        clock,
        owner: `test-${runners.length}`,
        kinds,
        engineOf: regions.engine,
        regions: regions.names(),
        finished: services.operations.finished,
        log,
      })
      runners.push(runner)
      runner.start()
      return runner
    },

    async stopRunners() {
      await Promise.all(runners.splice(0).map((runner) => runner.close()))
    },

    async account(name = 'Test'): Promise<RequestCaller> {
      const account = await transaction(db, (tx) =>
        services.accounts.create(tx, { name, currency: 'USD' }),
      )
      return {
        accountId: account.id,
        accountPublicId: account.public_id,
        currency: account.currency,
        personId: null,
        role: 'owner',
        access: 'full',
        keyId: newUuid(),
        keyName: 'test',
        requestId: 'a1b2c3d4',
        remoteAddress: null,
      }
    },

    change: <T>(fn: (tx: Tx) => Promise<T>) => transaction(db, fn),

    /** Runs everything that is open to its end. */
    async settle() {
      if (runners.length === 0) world.startRunner()
      for (;;) {
        const open = await db
          .selectFrom('operations')
          .select('id')
          .where('state', 'in', openOperationStates)
          .executeTakeFirst()
        if (open === undefined) return
        await services.operations.wait(open.id, 1_000)
      }
    },

    async sshKey(caller: Caller) {
      const { key } = await world.change((tx) =>
        services.sshKeys.create(tx, caller, {
          name: `key-${newUuid()}`,
          public_key: newPublicKey(),
        }),
      )
      return key
    },

    async deploy(
      caller: Caller,
      name = `vm-${newUuid()}`,
      change: Partial<DeploymentRequest> = {},
    ) {
      const key = await world.sshKey(caller)
      const { instance } = await world.change((tx) =>
        services.deployment.deploy(tx, caller, {
          vm_name: name,
          region: testRegion,
          flavor: 'cpu-small',
          os_image: testImage,
          ssh_key_ids: [key.public_id],
          ...change,
        }),
      )
      return instance
    },

    instance: (caller: Caller, { public_id }: Pick<Instance, 'public_id'>) =>
      services.instances.require(db, caller, public_id),

    async runningInstance(caller: Caller, name?: string) {
      const instance = await world.deploy(caller, name)
      await world.settle()
      return world.instance(caller, instance)
    },

    async readySnapshot(caller: Caller, instance: Pick<Instance, 'public_id'>) {
      const { snapshot } = await world.change((tx) =>
        services.snapshots.create(tx, caller, {
          instance_id: instance.public_id,
          name: `snap-${newUuid()}`,
        }),
      )
      await world.settle()
      return services.snapshots.require(db, caller, snapshot.public_id)
    },

    /** The snapshot as a file, and what stands beside it. */
    async exported(caller: Caller, { public_id }: { public_id: string }) {
      const { snapshotExports } = services
      await world.change((tx) => snapshotExports.create(tx, caller, public_id))
      await world.settle()
      const { row } = await snapshotExports.require(db, caller, public_id)
      if (row.manifest === null) throw new Error(`The export failed: ${row.error}`)
      const file = await snapshotExports.open(db, caller, public_id)
      const stream = await file.read({ from: 0, to: file.sizeBytes - 1 })
      const chunks: Uint8Array<ArrayBuffer>[] = []
      for await (const chunk of stream) chunks.push(new Uint8Array(chunk))
      return { manifest: row.manifest, content: new Uint8Array(Buffer.concat(chunks)) }
    },

    async firewall(caller: Caller, ...rules: SecurityRuleRequest[]) {
      const { firewalls } = services
      const input = { name: `fw-${newUuid()}`, region: testRegion }
      const { public_id } = await world.change((tx) => firewalls.create(tx, caller, input))
      for (const rule of rules)
        await world.change((tx) => firewalls.addRule(tx, caller, public_id, rule))
      return firewalls.require(db, caller, public_id)
    },

    startupScript: (caller: Caller, script = '#!/bin/sh\necho hello\n') =>
      world.change((tx) =>
        services.scripts.create(tx, caller, { name: `script-${newUuid()}`, script }),
      ),

    /** One that is there: empty unless `bootable`. */
    async volume(
      caller: Caller,
      wanted: { name?: string; sizeGb?: number; bootable?: boolean; region?: string } = {},
    ) {
      const { name = `vol-${newUuid()}`, sizeGb = 10, region = testRegion, bootable } = wanted
      const { public_id } = await world.change((tx) =>
        services.volumes.create(tx, caller, {
          ...{ name, region, size_gb: sizeGb },
          ...(bootable && { bootable, os_image: testImage }),
        }),
      )
      await world.settle()
      return services.volumes.require(db, caller, public_id)
    },

    async close() {
      await world.stopRunners()
      await listener.close()
      await engine.close()
      await database.drop()
    },
  }
  return world
}

async function openEngine(options: WorldOptions, state: Persistence, clock: Clock) {
  const engine = new SimulatedEngine({
    ...machinesInstantly,
    ...(options.hosts && { hosts: options.hosts }),
    ...(options.addressPools && { addressPools: options.addressPools }),
    ...(options.capabilities && { capabilities: options.capabilities }),
    clock,
    state,
    ...(options.onEffect && { onEffect: options.onEffect }),
  })
  await engine.start()
  return engine
}

/** A valid Ed25519 line with random bytes for a key. */
export function newPublicKey(): string {
  const word = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const key = crypto.getRandomValues(new Uint8Array(32))
  const body = Buffer.concat([word(Buffer.from('ssh-ed25519')), word(key)])
  return `ssh-ed25519 ${body.toString('base64')} test`
}

/** Another account may not see what the first one has. */
export async function strangers(world: World): Promise<{ owner: Caller; stranger: Caller }> {
  return { owner: await world.account('Owner'), stranger: await world.account('Stranger') }
}
