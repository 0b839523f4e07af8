/** Every route of the microVM API that is served, by name. What matches another's pattern comes before it. */

import {
  addMicrovmSshKey,
  changeMicrovmApiKey,
  createMicrovmApiKey,
  deleteMicrovmSshKey,
  getAuditCatalog,
  getAuditEvent,
  getCreditSummary,
  getMicrovmApiKey,
  listAuditEvents,
  listMicrovmApiKeys,
  listMicrovmSshKeys,
  revokeMicrovmApiKey,
  whoAmI,
} from './account.ts'
import { getSessionEgress, getVmEgress, setSessionEgress, setVmEgress } from './egress.ts'
import {
  download,
  execute,
  executeAsync,
  getExecution,
  kill,
  listExecutions,
  upload,
} from './execution.ts'
import { sessionPtys, vmPtys } from './ptys.ts'
import {
  createSession,
  getSession,
  getSessionStatus,
  getSessionUsage,
  listSandboxes,
} from './sessions.ts'
import { createShare, getAppUrl, getShare, listShares, revokeShare, updateShare } from './shares.ts'
import {
  createMicrovmSnapshot,
  deleteMicrovmSnapshot,
  getBuildLog,
  getMicrovmSnapshot,
  listMicrovmSnapshots,
} from './snapshots.ts'
import { getSshGateway } from './ssh-gateway.ts'
import { stageEnvironment } from './stage-env.ts'
import { createToken } from './token.ts'
import {
  cloneVm,
  createVm,
  deleteVm,
  getVm,
  listVms,
  resumeVm,
  snapshotVm,
  suspendVm,
  updateVm,
} from './vms.ts'
import {
  createMicrovmVolume,
  createVolumeCheckpoint,
  deleteMicrovmVolume,
  deleteVolumeCheckpoint,
  deleteVolumeFile,
  downloadVolumeFile,
  getMicrovmVolume,
  listMicrovmVolumes,
  listVolumeCheckpoints,
  listVolumeFiles,
  updateMicrovmVolume,
  uploadVolumeFile,
} from './volumes.ts'
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  getWebhookEndpoint,
  listEndpointDeliveries,
  listWebhookEndpoints,
  replayEndpointDelivery,
  resendDeliveries,
  rotateWebhookEndpointSecret,
  testWebhookEndpoint,
  updateWebhookEndpoint,
  verifyWebhookEndpoint,
} from './webhooks.ts'

export const microvmApi = {
  listMicrovmSnapshots,
  createMicrovmSnapshot,
  getMicrovmSnapshot,
  deleteMicrovmSnapshot,
  getBuildLog,
  listVms,
  createVm,
  getVm,
  updateVm,
  deleteVm,
  snapshotVm,
  cloneVm,
  suspendVm,
  resumeVm,
  stageEnvironment,
  getVmEgress,
  setVmEgress,
  getSessionEgress,
  setSessionEgress,
  createShare,
  listShares,
  getShare,
  updateShare,
  revokeShare,
  getAppUrl,
  createSession,
  listSandboxes,
  getSession,
  getSessionStatus,
  getSessionUsage,
  execute,
  executeAsync,
  listExecutions,
  getExecution,
  kill,
  upload,
  download,
  createVmPty: vmPtys.create,
  listVmPtys: vmPtys.list,
  getVmPty: vmPtys.get,
  resizeVmPty: vmPtys.resize,
  deleteVmPty: vmPtys.delete,
  createVmPtyToken: vmPtys.token,
  connectVmPty: vmPtys.connect,
  createSessionPty: sessionPtys.create,
  listSessionPtys: sessionPtys.list,
  getSessionPty: sessionPtys.get,
  resizeSessionPty: sessionPtys.resize,
  deleteSessionPty: sessionPtys.delete,
  createSessionPtyToken: sessionPtys.token,
  connectSessionPty: sessionPtys.connect,
  listMicrovmSshKeys,
  addMicrovmSshKey,
  deleteMicrovmSshKey,
  getSshGateway,
  listMicrovmApiKeys,
  createMicrovmApiKey,
  getMicrovmApiKey,
  changeMicrovmApiKey,
  revokeMicrovmApiKey,
  getAuditCatalog,
  listAuditEvents,
  getAuditEvent,
  whoAmI,
  getCreditSummary,
  listWebhookEndpoints,
  createWebhookEndpoint,
  getWebhookEndpoint,
  updateWebhookEndpoint,
  deleteWebhookEndpoint,
  verifyWebhookEndpoint,
  testWebhookEndpoint,
  rotateWebhookEndpointSecret,
  listEndpointDeliveries,
  replayEndpointDelivery,
  resendDeliveries,
  listMicrovmVolumes,
  createMicrovmVolume,
  getMicrovmVolume,
  updateMicrovmVolume,
  deleteMicrovmVolume,
  listVolumeFiles,
  deleteVolumeFile,
  uploadVolumeFile,
  downloadVolumeFile,
  listVolumeCheckpoints,
  createVolumeCheckpoint,
  deleteVolumeCheckpoint,
  createToken,
}

/** Those that stand beside `/v1`; they are known below it as well. */
export const rootPaths = ['/execute', '/execute_async', '/upload', '/download', '/kill']

/** Whether a path, as the server knows it, is of this dialect. */
export const isMicrovmPath = (path: string) =>
  path === '/v1' || path.startsWith('/v1/') || rootPaths.includes(path)

/**
 * How the server knows a path of this dialect: with no slash at its end, and without the `/v1` that comes
 * from a client whose base URL ends so.
 */
export function canonicalMicrovmPath(path: string): string {
  const bare = path.replace(/^\/v1(?=\/v1(\/|$))/, '').replace(/(?<=.)\/+$/, '')
  const root = bare.replace(/^\/v1(?=\/)/, '')
  return rootPaths.includes(root) ? root : bare
}
