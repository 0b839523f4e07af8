/** Registers every route of the API. A path that another's pattern matches comes before it. */
import { accountRoutes } from './accounts/routes.ts'
import { apiKeyRoutes } from './api-keys/routes.ts'
import { assistantRoutes } from './assistant/routes.ts'
import { auditRoutes } from './audit/routes.ts'
import { billingRoutes } from './billing/routes.ts'
import { budgetRoutes } from './budgets/routes.ts'
import type { Regions } from './catalog/regions.ts'
import { catalogRoutes } from './catalog/routes.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import { consoleRoutes } from './console/routes.ts'
import type { Database } from './database/database.ts'
import { deployRequestRoutes } from './deploy-requests/routes.ts'
import { eventRoutes } from './events/routes.ts'
import { instanceProtectionRoutes } from './firewalls/instance-routes.ts'
import { firewallRoutes } from './firewalls/routes.ts'
import { startupLogRoutes } from './first-boot/routes.ts'
import { createApp } from './http/app.ts'
import { authenticate } from './http/authentication.ts'
import { checkoutOrigins, dashboardRoutes } from './http/dashboard.ts'
import { documentRoutes } from './http/documents.ts'
import { healthRoutes } from './http/health.ts'
import { createMetrics } from './http/metrics.ts'
import { createOnce } from './http/once.ts'
import { createOriginCheck } from './http/own-origin.ts'
import { createRateLimits } from './http/rate-limits.ts'
import { createWrite } from './http/write.ts'
import { imageRoutes } from './images/routes.ts'
import { hibernationRoutes } from './instances/hibernation-routes.ts'
import { publicAddressRoutes } from './instances/public-address-routes.ts'
import { instanceRoutes } from './instances/routes.ts'
import type { Log } from './log.ts'
import { metricsRoutes } from './metrics/routes.ts'
import { microvmAccountRoutes } from './microvms/account/routes.ts'
import { webhookEndpointRoutes } from './microvms/account/webhook-routes.ts'
import { egressRoutes } from './microvms/egress/routes.ts'
import { executionRoutes } from './microvms/executions/routes.ts'
import { microvmFileRoutes } from './microvms/files/routes.ts'
import { sshGatewayRoutes } from './microvms/gateway/routes.ts'
import { ptyRoutes } from './microvms/ptys/routes.ts'
import { microvmSessionRoutes } from './microvms/sessions/routes.ts'
import { shareRoutes } from './microvms/shares/routes.ts'
import { microvmSnapshotRoutes } from './microvms/snapshots/routes.ts'
import { tokenRoutes } from './microvms/token-routes.ts'
import { microvmRoutes } from './microvms/vms/routes.ts'
import { microvmVolumeRoutes } from './microvms/volumes/routes.ts'
import { operationRoutes } from './operations/routes.ts'
import { measureOperator } from './operator/metrics.ts'
import { operatorRoutes } from './operator/routes.ts'
import { paymentRoutes } from './payments/routes.ts'
import { peopleRoutes } from './people/routes.ts'
import { scriptRoutes } from './scripts/routes.ts'
import type { Services } from './services.ts'
import { createSignInLimits } from './sign-in/limits.ts'
import { signInRoutes } from './sign-in/routes.ts'
import { snapshotExportRoutes } from './snapshot-exports/routes.ts'
import { snapshotImportRoutes } from './snapshot-imports/routes.ts'
import { measurePolicies } from './snapshot-policies/metrics.ts'
import { snapshotPolicyRoutes } from './snapshot-policies/routes.ts'
import { snapshotRoutes } from './snapshots/routes.ts'
import { sshKeyRoutes } from './ssh-keys/routes.ts'
import { volumeRoutes } from './volumes/routes.ts'
import { webhookRoutes } from './webhooks/routes.ts'

export type ServerDeps = {
  db: Database
  clock: Clock
  config: Config
  regions: Regions
  services: Services
  log: Log
  /** How full the disk of the data folder is. */
  disk: () => { ok: boolean; detail: string }
  /** Folder of the dashboard that was built; null: none is served. */
  dashboard?: string | null
}

export function createServer({
  db,
  clock,
  config,
  regions,
  services,
  log,
  disk,
  dashboard = null,
}: ServerDeps) {
  const metrics = createMetrics(db, regions)
  const limits = createRateLimits(config.limits)
  const { accounts, signIn } = services
  const origins = createOriginCheck(config)
  const app = createApp({
    ...{ db, accounts, limits, metrics, log },
    ...{ sessions: signIn.sessions, origins, trustedProxies: config.server.trusted_proxies },
  })
  const view = { isSimulated: services.catalog.isSimulated }
  const write = createWrite({ db, clock })
  const once = createOnce({ db, clock, log })
  const deps = { db, clock, regions, view, write, once, ...services }
  const signInLimits = createSignInLimits(config.auth.limits)
  signInRoutes(app, { signIn, origins, limits: signInLimits })
  tokenRoutes(app, { ...deps, limits: signInLimits })
  healthRoutes(app, { db, regions, disk })
  documentRoutes(app)
  metrics.routes(app, authenticate({ db, accounts, limits, sessions: signIn.sessions, origins }))
  measurePolicies(metrics.registry, deps)
  measureOperator(metrics.registry, deps)
  catalogRoutes(app, deps)
  accountRoutes(app, deps)
  apiKeyRoutes(app, deps)
  peopleRoutes(app, deps)
  auditRoutes(app, deps)
  billingRoutes(app, deps)
  budgetRoutes(app, deps)
  paymentRoutes(app, { ...deps, log })
  sshKeyRoutes(app, deps)
  hibernationRoutes(app, deps)
  scriptRoutes(app, deps)
  instanceRoutes(app, deps)
  publicAddressRoutes(app, deps)
  startupLogRoutes(app, deps)
  deployRequestRoutes(app, deps)
  instanceProtectionRoutes(app, deps)
  consoleRoutes(app, { ...deps, limits, origins })
  metricsRoutes(app, deps)
  firewallRoutes(app, deps)
  snapshotRoutes(app, deps)
  snapshotExportRoutes(app, deps)
  snapshotImportRoutes(app, deps)
  snapshotPolicyRoutes(app, deps)
  imageRoutes(app, deps)
  volumeRoutes(app, deps)
  microvmSnapshotRoutes(app, deps)
  microvmRoutes(app, deps)
  microvmSessionRoutes(app, deps)
  egressRoutes(app, deps)
  shareRoutes(app, deps)
  executionRoutes(app, deps)
  microvmFileRoutes(app, deps)
  microvmAccountRoutes(app, deps)
  sshGatewayRoutes(app, { config })
  microvmVolumeRoutes(app, deps)
  webhookEndpointRoutes(app, deps)
  ptyRoutes(app, { ...deps, config, limits, origins })
  operationRoutes(app, deps)
  operatorRoutes(app, deps)
  eventRoutes(app, { ...deps, sessions: services.signIn.sessions })
  webhookRoutes(app, deps)
  if (dashboard === null) app.get('/', (c) => c.redirect('/docs'))
  else {
    const pays = config.payments.razorpay !== null
    dashboardRoutes(app, dashboard, pays ? checkoutOrigins.razorpay : [])
  }
  assistantRoutes(app, { ...deps, log })
  return app
}
