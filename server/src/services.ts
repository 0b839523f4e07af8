/** Wires the services together. The order shows who may know whom. */
import { randomBytes } from 'node:crypto'
import { createAccountLimits } from './accounts/limits.ts'
import { createProfileService } from './accounts/profile.ts'
import { createAccountService } from './accounts/service.ts'
import { createApiKeyService } from './api-keys/service.ts'
import { createAssistantService } from './assistant/service.ts'
import { createAuditService } from './audit/service.ts'
import { createBillingService } from './billing/service.ts'
import { createBudgetService } from './budgets/service.ts'
import { createCatalog } from './catalog/catalog.ts'
import { createPlacement } from './catalog/placement.ts'
import { createPricing } from './catalog/pricing.ts'
import type { Regions } from './catalog/regions.ts'
import { createStock } from './catalog/stock.ts'
import { createStockHistory } from './catalog/stock-history.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import { createConsoleService } from './console/service.ts'
import type { Database } from './database/database.ts'
import { createDepletionService } from './depletion/service.ts'
import { createDeployRequestService } from './deploy-requests/service.ts'
import { createEventService } from './events/service.ts'
import { createProtection } from './firewalls/protection.ts'
import { createSecurityRuleService } from './firewalls/security-rules.ts'
import { createFirewallService } from './firewalls/service.ts'
import { createPreparation } from './first-boot/preparation.ts'
import { createFirstBootService } from './first-boot/service.ts'
import { createImageService } from './images/service.ts'
import { createDeployment } from './instances/deployment.ts'
import { createHibernation } from './instances/hibernation.ts'
import { createPublicAddressService } from './instances/public-addresses.ts'
import { createRollback } from './instances/rollback.ts'
import { createInstanceService } from './instances/service.ts'
import type { Log } from './log.ts'
import { createMetricsService } from './metrics/service.ts'
import { createEgressRules } from './microvms/egress/rules.ts'
import { createMicrovmEgressService } from './microvms/egress/service.ts'
import { createExecutionService } from './microvms/executions/service.ts'
import { createStaging } from './microvms/executions/staging.ts'
import { createMicrovmFileService } from './microvms/files/service.ts'
import { createHosting } from './microvms/hosting.ts'
import { createPtyService } from './microvms/ptys/service.ts'
import { createMicrovmSessionService } from './microvms/sessions/service.ts'
import { createAddresses } from './microvms/shares/addresses.ts'
import { createShareGate } from './microvms/shares/gate.ts'
import { createShareService } from './microvms/shares/service.ts'
import { createMicrovmSnapshotService } from './microvms/snapshots/service.ts'
import { createMicrovmService } from './microvms/vms/service.ts'
import { createMicrovmVolumeService } from './microvms/volumes/service.ts'
import { createOperationService } from './operations/service.ts'
import { createOperatorAccountService } from './operator/accounts.ts'
import { createHostService } from './operator/hosts.ts'
import { createOperatorOperationService } from './operator/operations.ts'
import { createRetrying } from './operator/retrying.ts'
import { createPayments } from './payments/payments.ts'
import { createPeopleService } from './people/service.ts'
import { createPriceService } from './prices/service.ts'
import { createScriptService } from './scripts/service.ts'
import { ownOrigin } from './sign-in/origin.ts'
import { createSignInService } from './sign-in/service.ts'
import { createSnapshotExportService } from './snapshot-exports/service.ts'
import { createSnapshotImportService } from './snapshot-imports/service.ts'
import { createSnapshotPolicyService } from './snapshot-policies/service.ts'
import { createSnapshotService } from './snapshots/service.ts'
import { createSshKeyService } from './ssh-keys/service.ts'
import { createAttachmentService } from './volumes/attachments.ts'
import { createEquipment } from './volumes/equipment.ts'
import { createVolumeService } from './volumes/service.ts'
import { createWebhookService } from './webhooks/service.ts'
import { createTargets } from './webhooks/targets.ts'

export function createServices(deps: {
  db: Database
  clock: Clock
  config: Config
  regions: Regions
  /** Signs the cookies of sessions: these outlive this process as long as it is the same. */
  secret?: string
  log?: Log
}) {
  const { db, clock, config, regions } = deps
  const prices = createPriceService({ clock, config })
  const catalog = createCatalog(config, prices.now)
  const placement = createPlacement({ regions, config })
  const hosts = createHostService({ clock, regions, placement })
  const pricing = createPricing(catalog)
  const stock = createStock({ catalog, regions, placement, clock })
  const stockHistory = createStockHistory({ db, clock, catalog, regions, stock })
  const accounts = createAccountService({ clock })
  const secret = deps.secret ?? randomBytes(32).toString('hex')
  const signIn = createSignInService({
    ...{ db, clock, config, accounts },
    secret,
    log: deps.log ?? (() => {}),
  })
  const apiKeys = createApiKeyService({ clock, accounts })
  const profile = createProfileService({ clock, accounts })
  const people = createPeopleService({
    ...{ clock, accounts, origin: ownOrigin(config) },
    endSessions: signIn.sessions.endAll,
  })
  const budgets = createBudgetService({ clock, mode: config.billing.mode, apiKeys })
  const billing = createBillingService({ clock, mode: config.billing.mode, accounts, budgets })
  const depletion = createDepletionService({ clock, billing })
  const payments = createPayments({ clock, config, accounts, billing })
  const operations = createOperationService({ db, clock })
  const events = createEventService({ clock, accounts, keepDays: config.events.keep_days })
  const targets = createTargets(config.webhooks)
  const webhooks = createWebhookService({
    ...{ clock, accounts, targets },
    keepDays: config.events.keep_days,
  })
  const sshKeys = createSshKeyService({ clock, accounts })
  const scripts = createScriptService({ clock, accounts })
  const preparation = createPreparation({ catalog, regions, scripts })
  const images = createImageService({ clock, regions, operations })
  const protection = createProtection({ clock, regions, operations })
  const equipment = createEquipment({ clock, regions })
  const accountLimits = createAccountLimits({ accounts, config })
  const machines = {
    clock,
    catalog,
    regions,
    placement,
    operations,
    billing,
    images,
    prices,
    accountLimits,
  }
  const instances = createInstanceService(machines)
  const deployment = createDeployment({
    ...{ ...machines, instances, sshKeys, protection, preparation, equipment },
  })
  const publicAddresses = createPublicAddressService({ ...machines, instances })
  const hibernation = createHibernation({ ...machines, instances })
  const firstBoot = createFirstBootService({ clock, regions, instances })
  const snapshots = createSnapshotService({ ...machines, instances })
  const transfer = { clock, catalog, regions, placement, operations, snapshots }
  const snapshotExports = createSnapshotExportService(transfer)
  const snapshotImports = createSnapshotImportService({ ...transfer, sshKeys })
  const rollback = createRollback({ ...machines, instances, snapshots })
  const securityRules = createSecurityRuleService({ clock, instances, protection })
  const firewalls = createFirewallService({ ...machines, accounts, instances, protection })
  const console = createConsoleService({ clock, regions, accounts, instances })
  const machineMetrics = createMetricsService({ clock, regions, instances })
  const volumes = createVolumeService(machines)
  const attachments = createAttachmentService({ clock, regions, operations, instances })
  const hosting = createHosting({ config, regions })
  const egress = createEgressRules({ config, hosting })
  const small = { ...machines, db, config, accounts, hosting, egress }
  const microvmSnapshots = createMicrovmSnapshotService(small)
  const microvms = createMicrovmService({ ...small, microvmSnapshots })
  const operatorAccounts = createOperatorAccountService({
    ...machines,
    accounts,
    instances,
    microvms,
  })
  const retrying = createRetrying({
    ...{ accounts, instances, publicAddresses, hibernation, protection, snapshots },
    ...{ snapshotExports, images, volumes, attachments, microvms, microvmSnapshots },
  })
  const operatorOperations = createOperatorOperationService({ clock, operations, retrying })
  const deployRequests = createDeployRequestService({
    ...machines,
    accounts,
    deployment,
    preparation,
  })
  const snapshotPolicies = createSnapshotPolicyService({ clock, regions, accounts, instances })
  const log = deps.log ?? (() => {})
  const microvmSessions = createMicrovmSessionService({ ...small, microvms, microvmSnapshots, log })
  const microvmEgress = createMicrovmEgressService({ ...small, microvms, microvmSessions })
  const shareAddresses = createAddresses(config)
  const shares = createShareService({
    ...{ ...small, addresses: shareAddresses, microvms, microvmSessions },
  })
  const shareGate = createShareGate({
    ...{ ...small, addresses: shareAddresses, secret, log },
  })
  const microvmFiles = createMicrovmFileService({ ...small, microvmSessions })
  const executions = createExecutionService({
    ...{ ...small, microvmSessions, log },
  })
  const microvmVolumes = createMicrovmVolumeService({ db, clock, accounts, accountLimits })
  const staging = createStaging({ ...small, microvms })
  const ptys = createPtyService({ ...small, console, microvms, microvmSessions })
  const assistant = createAssistantService({
    ...{ db, clock, accounts, billing, catalog, pricing, stock, instances, snapshots, volumes },
    config: config.assistant,
  })
  return {
    assistant,
    hosting,
    microvmSnapshots,
    microvms,
    microvmSessions,
    microvmEgress,
    shareAddresses,
    shares,
    shareGate,
    microvmFiles,
    ptys,
    microvmVolumes,
    staging,
    executions,
    catalog,
    prices,
    hosts,
    operatorAccounts,
    operatorOperations,
    retrying,
    placement,
    deployRequests,
    snapshotPolicies,
    stock,
    stockHistory,
    pricing,
    accounts,
    signIn,
    apiKeys,
    profile,
    people,
    audit: createAuditService({ db }),
    billing,
    budgets,
    depletion,
    ...payments,
    operations,
    events,
    targets,
    webhooks,
    sshKeys,
    scripts,
    images,
    instances,
    deployment,
    publicAddresses,
    hibernation,
    firstBoot,
    snapshots,
    snapshotExports,
    snapshotImports,
    rollback,
    securityRules,
    firewalls,
    console,
    machineMetrics,
    volumes,
    attachments,
  }
}

export type Services = ReturnType<typeof createServices>
