/**
 * What carries out operations, as a process of its own, so that a test can kill it for real: a runner on
 * a simulated engine whose machines outlive it in a file, and whose microVMs do in its parent. Says on standard output what effect it had.
 *
 *     node mortal-server.ts '{"connection": …, "state": "/path/of/machines.json"}'
 */
import { SimulatedEngine } from '@garrison/engines/simulated/engine'
import { inFile } from '@garrison/engines/simulated/state'
import type pg from 'pg'
import { createRegions } from '../catalog/regions.ts'
import { systemClock } from '../clock.ts'
import { openDatabase } from '../database/database.ts'
import type { Log } from '../log.ts'
import { hearOfOperations } from '../operations/hear.ts'
import { operationKinds } from '../operations/kinds.ts'
import { OperationRunner } from '../operations/runner.ts'
import { createOperationService } from '../operations/service.ts'
import { dropLeases } from '../operations/store.ts'
import { microvmsOfParent } from './outliving-microvms.ts'
import { machinesInstantly, testRegion } from './world.ts'

type Mortality = { connection: pg.PoolConfig; state: string }

const { connection, state }: Mortality = JSON.parse(process.argv[2] ?? '')
const clock = systemClock
const log: Log = () => {}
const tell = (effect: string) => void process.stdout.write(`${effect}\n`)

const engine = new SimulatedEngine({
  ...machinesInstantly,
  clock,
  state: inFile(state),
  onEffect: tell,
})
await engine.start()
Object.assign(engine, { microvms: microvmsOfParent(engine.microvms, tell) })
const { db } = openDatabase(connection)
const regions = createRegions({ engines: new Map([[testRegion, engine]]), clock })
const runner = new OperationRunner({
  db,
  clock,
  owner: `mortal-${process.pid}`,
  kinds: operationKinds,
  engineOf: regions.engine,
  regions: [testRegion],
  log,
})
await hearOfOperations(connection, log, {
  operations: createOperationService({ db, clock }),
  runners: () => [runner],
})
await dropLeases(db, [testRegion])
runner.start()
