/**
 * Puts a server together and takes it apart again: data folder → database → engines → services →
 * operations and reconciliation → HTTP. What is started is stopped in the opposite order; machines go on.
 */
import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '@garrison/engines/engine'
import type pg from 'pg'
import { keepSuspensions } from './accounts/suspensions.ts'
import { createBallast, giveUpBallast, keepBallast } from './ballast.ts'
import { createRegions } from './catalog/regions.ts'
import { requireRegionsInUse } from './catalog/regions-in-use.ts'
import { createCharging } from './charging.ts'
import { systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { ensureCredentials } from './credentials.ts'
import { claimDataFolder, requireWhole } from './data-folder.ts'
import { type Database, openDatabase } from './database/database.ts'
import { startEmbeddedPostgres } from './database/embedded-postgres.ts'
import { migrate } from './database/migrate.ts'
import { createEngines } from './engines.ts'
import { startCollecting } from './first-boot/collector.ts'
import { tidy } from './housekeeping.ts'
import { listen } from './http/listen.ts'
import { matchInstallation } from './installation.ts'
import { lockInstallation } from './installation-lock.ts'
import type { Log } from './log.ts'
import { startMail } from './mail/sender.ts'
import { createMailTransport } from './mail/transport.ts'
import { startSampling } from './metrics/sampler.ts'
import type { GatewayDeps } from './microvms/gateway/gateway.ts'
import { startMicrovmOrders } from './microvms/standing-orders.ts'
import { hearOfOperations } from './operations/hear.ts'
import { operationKinds } from './operations/kinds.ts'
import { OperationRunner } from './operations/runner.ts'
import { dropLeases } from './operations/store.ts'
import { boundOwnLog } from './own-log.ts'
import { ownRegions } from './ownership.ts'
import { keepPrices } from './prices/keeper.ts'
import { startReconciliation } from './reconciliation/loop.ts'
import { createReconciler } from './reconciliation/reconcile.ts'
import { repeat } from './repeat.ts'
import { createServer } from './routes.ts'
import { createServices, type Services } from './services.ts'
import { signInSecret } from './sign-in/secret.ts'
import { sessionEndedChannel } from './sign-in/sessions.ts'
import { startStandingOrders } from './standing-orders.ts'
import { startDelivering } from './webhooks/worker.ts'

const keyUseMs = 30_000
const viewersMs = 30_000
const ownLogMs = 10_000
const housekeepingMs = 60 * 60_000
const meterMs = 60_000
const paymentsMs = 60_000

export type RunningServer = {
  readonly url: string
  /** Stops serving, lets go of operations and machines, and stops our own database. */
  close(): Promise<void>
}

export async function startServer(
  config: Config,
  log: Log,
  { dashboard = null }: { dashboard?: string | null } = {},
): Promise<RunningServer> {
  const stack = new AsyncDisposableStack()
  try {
    const claim = claimWithRoom(config.dataDir)
    stack.defer(() => claim.release())
    requireWhole(config.dataDir)
    // Before the database, which does not start on a disk without a byte left.
    const ballast = createBallast({ dataDir: config.dataDir, log })
    const keeping = await keepBallast(ballast, log)
    stack.defer(() => keeping.close())
    const connection = await connectionFor(config, log, stack)
    await migrate(connection, log)
    const { db } = openDatabase(connection, (error) =>
      log('warn', 'a database connection broke', { error }),
    )
    stack.defer(() => db.destroy())
    const { id: installationId } = await matchInstallation(db, config.dataDir)
    const lock = await lockInstallation(installationId, config.dataDir)
    stack.defer(() => lock.release())
    const names = config.regions.map((region) => region.name)
    await requireRegionsInUse(db, { configured: names, without: config.without })
    const ownership = await ownRegions({ connection, regions: names, log })
    stack.defer(() => ownership.release())

    const clock = systemClock
    const engines = createEngines({ config, clock, log, installationId })
    for (const [region, engine] of engines) await startEngine(region, engine, log, stack)

    const regions = createRegions({ engines, clock })
    const secret = config.auth.secret ?? signInSecret(config.dataDir)
    const services = createServices({ db, clock, config, regions, secret, log })
    stack.defer(() => services.signIn.settled())
    services.signIn.background(services.signIn.prepare())
    const runners = new Set<OperationRunner>()
    const listener = await hearOfOperations(connection, log, {
      operations: services.operations,
      runners: () => [...runners],
    })
    stack.defer(() => listener.close())
    await listener.subscribe('api_key_revoked', services.accounts.forgetKey)
    listener.onReconnect(services.accounts.forgetKeys)
    await listener.subscribe('api_key_revoked', services.console.closeOf)
    await listener.subscribe('api_key_revoked', services.events.endOfKey)
    const { targets } = services
    const delivering = await startDelivering({ db, clock, targets, listener, log })
    stack.defer(() => delivering.close())
    const feed = await services.events.feed.start({
      ...{ db, listener, log },
      placed: services.webhooks.enqueue,
      told: delivering.poke,
    })
    stack.defer(() => feed.close())
    await listener.subscribe(sessionEndedChannel, (userId) => {
      const { sessions, background } = services.signIn
      sessions.forget(userId)
      background(
        sessions.goneBy(userId).then((personId) => {
          if (personId === null) return
          services.console.closeOfPerson(personId)
          services.events.endOfPerson(personId)
        }),
      )
    })
    listener.onReconnect(services.signIn.sessions.forgetAll)
    await listener.subscribe('account_changed', (accountId) => {
      services.accounts.forgetAccount(accountId)
      services.signIn.sessions.forgetAccount(accountId)
      // Those who are left out are found by the next slow look.
      services.console.closeOfGone(db).catch(() => {})
      services.events.endOfGone().catch(() => {})
    })
    const mail = await startMail({
      ...{ db, clock, listener, log },
      transport: createMailTransport(config, log),
    })
    stack.defer(() => mail.close())
    const reconciler = createReconciler({ db, clock, operations: services.operations, log })
    const work = await ownership.whileHeld(async (held) => {
      // Whoever held leases on operations here is dead, or was this process before.
      await dropLeases(db, names)
      const runner = new OperationRunner({
        db,
        clock,
        owner: `${hostname()}:${process.pid}`,
        kinds: operationKinds,
        engineOf: regions.engine,
        regions: names,
        finished: services.operations.finished,
        log,
      })
      runners.add(runner)
      held.defer(async () => {
        await runner.close()
        runners.delete(runner)
      })
      runner.start()
      const reconciliation = startReconciliation({ engines, reconciler, log })
      held.defer(() => reconciliation.close())
      const orders = await startStandingOrders({ db, clock, regions, services, listener, log })
      held.defer(() => orders.close())
      const microvms = await startMicrovmOrders({ db, clock, regions, services, log })
      held.defer(() => microvms.close())
      const sampling = startSampling({ db, clock, engines, log })
      held.defer(() => sampling.close())
      const collecting = startCollecting({ db, engines, firstBoot: services.firstBoot, log })
      held.defer(() => collecting.close())
    })
    stack.defer(() => work.close())
    await keepSuspensions({ db, suspensions: services.accounts.suspensions, listener, log })
    const prices = await keepPrices({ db, prices: services.prices, listener, log })
    stack.defer(() => prices.close())
    keepHouse(db, services, log, stack)
    const { round } = createCharging({ db, clock, config, regions, services, log })
    const charging = repeat('what is to be charged', round, { everyMs: meterMs, log })
    stack.defer(() => charging.close())

    stack.defer(() => services.assistant.close())
    stack.defer(() => services.executions.close())
    stack.defer(async () => services.ptys.close())
    const app = createServer({
      db,
      clock,
      config,
      regions,
      services,
      log,
      disk: ballast.state,
      dashboard,
    })
    const server = await listen(app, { ...config.server, beside: services.shareGate })
    stack.defer(() => server.close())
    await openSsh({ db, clock, config, services, log }, stack)
    // Streams have no end of their own, which the server would wait for.
    stack.defer(async () => services.events.endAll())
    await ensureCredentials({ db, config, services, url: server.url })
    claim.publish(server.url, names)
    if (config.microvms.base_at_start) prepareBase(services, log)
    log('info', 'listening', { url: server.url, regions: names })
    return { url: server.url, close: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** Loaded where it is wanted only: most installations have none. */
async function openSsh(deps: Omit<GatewayDeps, 'hostKey'>, stack: AsyncDisposableStack) {
  const { server, dataDir, microvms } = deps.config
  const { port, host } = microvms.ssh
  if (port === null) return
  const { sshHostKey, startSshGateway } = await import('./microvms/gateway/gateway.ts')
  const place = { host: host ?? server.host, port }
  const gateway = await startSshGateway({ ...deps, hostKey: sshHostKey(dataDir) }, place)
  stack.defer(() => gateway.close())
  deps.log('info', 'listening for SSH to microVMs', place)
}

/** In the background: nobody waits for it but who needs it. */
function prepareBase({ microvmSnapshots, hosting }: Services, log: Log) {
  if (!hosting.isThere()) {
    log('warn', 'there are no microVMs here: no region of this server has them')
    return
  }
  microvmSnapshots
    .registerBase()
    .catch((error: unknown) => log('warn', 'cannot register the base of microVMs', { error }))
}

/** A claim is written down, for which a full disk has no room until the reserve is given up. */
function claimWithRoom(dataDir: string) {
  try {
    return claimDataFolder(dataDir)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    giveUpBallast(dataDir)
    return claimDataFolder(dataDir)
  }
}

/** How to reach the database: the operator's own, or ours in the data folder. */
export async function connectionFor(
  config: Config,
  log: Log,
  stack: AsyncDisposableStack,
): Promise<pg.PoolConfig> {
  if (config.database.url !== null) return { connectionString: config.database.url }
  const dir = join(config.dataDir, 'postgres')
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const postgres = await startEmbeddedPostgres({ dir, log })
  stack.defer(() => postgres.stop())
  return postgres.connection
}

async function startEngine(region: string, engine: Engine, log: Log, stack: AsyncDisposableStack) {
  await engine.start()
  stack.defer(() => engine.close())
  for (const notice of engine.capabilities().notices) log('warn', notice, { region })
}

function keepHouse(db: Database, services: Services, log: Log, stack: AsyncDisposableStack) {
  const flushKeyUse = () => services.accounts.flushKeyUse(db)
  const every = (ms: number, work: () => Promise<void>) => {
    const timer = setInterval(() => {
      work().catch((error: unknown) => log('warn', 'cannot tidy up', { error }))
    }, ms)
    stack.defer(() => clearInterval(timer))
  }
  stack.defer(() => flushKeyUse().catch(() => {}))
  every(keyUseMs, flushKeyUse)
  every(viewersMs, () => services.console.closeOfGone(db))
  every(viewersMs, () => services.events.endOfGone())
  every(housekeepingMs, () => services.events.forget(db))
  every(housekeepingMs, () => services.webhooks.forget(db))
  every(paymentsMs, () => services.paymentSweep.run(db, log))
  every(ownLogMs, async () => boundOwnLog())
  every(meterMs, async () => {
    await services.assistant.endAbandoned()
  })
  every(housekeepingMs, () => tidy(db, systemClock.now(), log))
  every(housekeepingMs, () => services.snapshotExports.expire(db))
  every(housekeepingMs, () => services.snapshotImports.expire(db))
}
