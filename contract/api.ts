/**
 * Every route there is, by name. A path that matches another's pattern comes before it: servers take
 * the first that fits.
 */
import { getAccount, getProfile, updateProfile } from './accounts/account.ts'
import { changeApiKey, createApiKey, listApiKeys, revokeApiKey } from './accounts/api-keys.ts'
import {
  createChatCompletion,
  getUsageHistory,
  getUsageSummary,
  listModels,
} from './assistant/routes.ts'
import { getCreditHistory } from './billing/credits.ts'
import { getInstanceBilling, getSnapshotBilling, getVolumeBilling } from './billing/records.ts'
import { getBalance } from './billing/routes.ts'
import { getBudget, getKeyBudget, setBudget, setKeyBudget } from './budgets/routes.ts'
import {
  getGpuSpecs,
  getGpuStockHistory,
  getGpuStocks,
  getPricing,
  listFlavors,
  listOsImages,
  listRegions,
  queryPricing,
} from './catalog/routes.ts'
import {
  cancelDeployRequest,
  getDeployRequest,
  listDeployRequests,
} from './deploy-requests/routes.ts'
import { listEventKinds, listEvents, streamEvents } from './events/routes.ts'
import {
  addFirewallRule,
  attachFirewall,
  createFirewall,
  deleteFirewall,
  detachFirewall,
  getFirewall,
  getProtocols,
  listAvailableInstances,
  listFirewalls,
  removeFirewallRule,
} from './firewalls/routes.ts'
import { getHealth, getReadiness } from './health/routes.ts'
import {
  createImage,
  deleteImage,
  getImage,
  getSnapshotImages,
  listImages,
  listSnapshotImages,
} from './images/routes.ts'
import {
  createConsoleToken,
  getConsoleLog,
  openConsole,
  openDisplay,
} from './instances/console-routes.ts'
import { getMetrics } from './instances/metrics-routes.ts'
import {
  addSecurityRule,
  deleteInstance,
  deployInstance,
  getInstance,
  hibernateInstance,
  listEligibleInstances,
  listHibernatedInstances,
  listInstanceFirewalls,
  listInstances,
  rebootInstance,
  removeSecurityRule,
  restoreInstance,
  rollbackInstance,
  startInstance,
  stopInstance,
  togglePublicIp,
} from './instances/routes.ts'
import { getStartupLog } from './instances/startup-log.ts'
import { getOperation, listOperations } from './operations/routes.ts'
import { operatorApi } from './operator/routes.ts'
import {
  createScript,
  deleteScript,
  deleteScripts,
  getScript,
  listScripts,
  patchScript,
  updateScript,
} from './scripts/routes.ts'
import {
  createSnapshotExport,
  deleteSnapshotExport,
  downloadSnapshotExport,
  getSnapshotExport,
} from './snapshot-exports/routes.ts'
import {
  deleteSnapshotImport,
  getSnapshotImport,
  importSnapshot,
  uploadSnapshotImport,
} from './snapshot-imports/routes.ts'
import {
  changeSnapshotPolicy,
  createSnapshotPolicy,
  deleteSnapshotPolicy,
  getSnapshotPolicy,
  listSnapshotPolicies,
  previewSnapshotPolicy,
} from './snapshot-policies/routes.ts'
import {
  createInstanceSnapshot,
  createSnapshot,
  deleteSnapshot,
  getSnapshot,
  listSnapshots,
  pinSnapshot,
  restoreSnapshot,
} from './snapshots/routes.ts'
import { createSshKey, deleteSshKey, getSshKey, listSshKeys } from './ssh-keys/routes.ts'

import {
  attachVolumes,
  cloneVolume,
  createVolume,
  deleteVolume,
  detachVolumes,
  getVolume,
  listVolumes,
  listVolumeTypes,
  resizeVolume,
} from './volumes/routes.ts'

export const api = {
  listRegions,
  listFlavors,
  getGpuStocks,
  getGpuStockHistory,
  getGpuSpecs,
  listOsImages,
  getPricing,
  queryPricing,
  listSshKeys,
  createSshKey,
  getSshKey,
  deleteSshKey,
  listScripts,
  createScript,
  deleteScripts,
  getScript,
  updateScript,
  patchScript,
  deleteScript,
  deployInstance,
  listDeployRequests,
  getDeployRequest,
  cancelDeployRequest,
  listInstances,
  getInstanceBilling,
  listHibernatedInstances,
  getInstance,
  startInstance,
  stopInstance,
  rebootInstance,
  rollbackInstance,
  hibernateInstance,
  restoreInstance,
  deleteInstance,
  togglePublicIp,
  createConsoleToken,
  openConsole,
  openDisplay,
  getConsoleLog,
  getMetrics,
  addSecurityRule,
  removeSecurityRule,
  listInstanceFirewalls,
  getStartupLog,
  listFirewalls,
  createFirewall,
  getProtocols,
  listAvailableInstances,
  getFirewall,
  deleteFirewall,
  addFirewallRule,
  removeFirewallRule,
  attachFirewall,
  detachFirewall,
  listEligibleInstances,
  listSnapshots,
  getSnapshotBilling,
  createSnapshot,
  importSnapshot,
  getSnapshotImport,
  uploadSnapshotImport,
  deleteSnapshotImport,
  createSnapshotExport,
  getSnapshotExport,
  downloadSnapshotExport,
  deleteSnapshotExport,
  createInstanceSnapshot,
  getSnapshot,
  restoreSnapshot,
  deleteSnapshot,
  pinSnapshot,
  listSnapshotPolicies,
  createSnapshotPolicy,
  getSnapshotPolicy,
  changeSnapshotPolicy,
  deleteSnapshotPolicy,
  previewSnapshotPolicy,
  listImages,
  createImage,
  listSnapshotImages,
  getSnapshotImages,
  getImage,
  deleteImage,
  listVolumes,
  getVolumeBilling,
  createVolume,
  listVolumeTypes,
  attachVolumes,
  detachVolumes,
  getVolume,
  deleteVolume,
  cloneVolume,
  resizeVolume,
  listOperations,
  getOperation,
  ...operatorApi,
  listEvents,
  streamEvents,
  listEventKinds,
  getAccount,
  getProfile,
  updateProfile,
  listApiKeys,
  createApiKey,
  changeApiKey,
  revokeApiKey,
  getBalance,
  getCreditHistory,
  getBudget,
  setBudget,
  getKeyBudget,
  setKeyBudget,
  listModels,
  createChatCompletion,
  getUsageSummary,
  getUsageHistory,
  getHealth,
  getReadiness,
}

/** Those that answer with a websocket instead of a body. */
export const websocketRoutes = [
  'openConsole',
  'openDisplay',
] as const satisfies (keyof typeof api)[]
