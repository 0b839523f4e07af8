/** What Prometheus may read at /metrics: from this host, or with the key of an operator. */
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Regions } from '../catalog/regions.ts'
import { type Database, isUnavailable } from '../database/database.ts'
import { forOperatorsOnly } from '../operator/permission.ts'
import { isLoopback } from './addresses.ts'
import type { App, AppContext, AppEnv } from './answers.ts'

/** @param regions Whose engines tell how many microVMs wait; none where nobody has any. */
export function createMetrics(db: Database, regions?: Pick<Regions, 'names' | 'engine'>) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'garrison_http_request_seconds',
    help: 'Time to answer, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers: [registry],
  })
  new Gauge({
    name: 'garrison_instances',
    help: 'Instances that are not deleted, by region and status',
    labelNames: ['region', 'status'],
    registers: [registry],
    async collect() {
      const rows = await unlessAway(
        db
          .selectFrom('instances')
          .select(['region', 'status'])
          .select((select) => select.fn.countAll<number>().as('n'))
          .where('deleted_at', 'is', null)
          .groupBy(['region', 'status'])
          .execute(),
      )
      this.reset()
      for (const { region, status, n } of rows) this.set({ region, status }, Number(n))
    },
  })
  new Gauge({
    name: 'garrison_operations_open',
    help: 'Operations that have not ended, by kind and state',
    labelNames: ['kind', 'state'],
    registers: [registry],
    async collect() {
      const rows = await unlessAway(
        db
          .selectFrom('operations')
          .select(['kind', 'state'])
          .select((select) => select.fn.countAll<number>().as('n'))
          .where('state', 'in', ['pending', 'running', 'undoing'])
          .groupBy(['kind', 'state'])
          .execute(),
      )
      this.reset()
      for (const { kind, state, n } of rows) this.set({ kind, state }, Number(n))
    },
  })
  new Gauge({
    name: 'garrison_microvms',
    help: 'MicroVMs that have not ended, by region and status',
    labelNames: ['region', 'status'],
    registers: [registry],
    async collect() {
      const rows = await unlessAway(
        db
          .selectFrom('microvms')
          .select(['region', 'status'])
          .select((select) => select.fn.countAll<number>().as('n'))
          .where('ended_at', 'is', null)
          .groupBy(['region', 'status'])
          .execute(),
      )
      this.reset()
      for (const { region, status, n } of rows) this.set({ region, status }, Number(n))
    },
  })
  for (const [what, help] of Object.entries(poolHelp)) {
    new Gauge({
      name: `garrison_microvm_pool_${what}`,
      help,
      labelNames: ['region'],
      registers: [registry],
      collect() {
        this.reset()
        for (const region of regions?.names() ?? []) {
          const counters = regions?.engine(region).microvms?.poolCounters()
          if (counters !== undefined) this.set({ region }, counters[what as keyof typeof poolHelp])
        }
      },
    })
  }

  return {
    /** For what rooms have to tell of themselves. */
    registry,
    observe(c: AppContext, seconds: number) {
      requests.observe(
        { method: c.req.method, route: routePath(c), status: String(c.res.status) },
        seconds,
      )
    },
    /** `authenticate` finds the caller, or throws. */
    routes(app: App, authenticate: MiddlewareHandler<AppEnv>) {
      app.use('/metrics', async (c, next) => {
        if (isThisHost(c)) return next()
        return authenticate(c, () => forOperatorsOnly(c, next).then(() => {}))
      })
      app.get('/metrics', async (c) =>
        c.text(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
      )
    },
  }
}

/** Counted since the server was started. */
const poolHelp = {
  waiting: 'Started, empty machines that wait to become microVMs',
  hits: 'MicroVMs that one was waiting for, since the server was started',
  misses: 'MicroVMs that none was waiting for, since the server was started',
}

/** A proxy on this host, which asks for everybody, says so in these headers. */
const isThisHost = (c: AppContext) =>
  isLoopback(c.get('remoteAddress')) &&
  ['x-forwarded-for', 'forwarded'].every((name) => c.req.header(name) === undefined)

/** Without the database, the process's own numbers are wanted all the more. */
export function unlessAway<Row>(rows: Promise<Row[]>): Promise<Row[]> {
  return rows.catch((error: unknown) => {
    if (isUnavailable(error)) return []
    throw error
  })
}

export type HttpMetrics = ReturnType<typeof createMetrics>
