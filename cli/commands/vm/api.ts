/** The microVM API, as far as the commands use it; its paths are not among those of the SDK's objects. */

import type { EgressPolicy, EgressPolicyRequest } from '@garrison/contract/microvms/egress'
import type { ExecutionResult, UploadResponse } from '@garrison/contract/microvms/execution'
import { vmName } from '@garrison/contract/microvms/facts'
import type { CreateShareRequest, Share } from '@garrison/contract/microvms/shares'
import type { BuildLog, SnapshotInfo } from '@garrison/contract/microvms/snapshots'
import type { SshGateway } from '@garrison/contract/microvms/ssh-gateway'
import type { CreatedVm, CreateVmRequest, Vm } from '@garrison/contract/microvms/vms'
import type {
  MicrovmVolume,
  VolumeCheckpoint,
  VolumeFile,
} from '@garrison/contract/microvms/volumes'
import type { Cloud } from '../../cloud/cloud.ts'
import { things } from '../../cloud/things.ts'
import { Failure } from '../../failure.ts'

export type { ExecutionResult, Share, SnapshotInfo, Vm }

/** Beyond the longest execution, and the first build of the base. */
const longestMs = 660_000
/** As many as one has at most. */
const filesPerVolume = 10_000

async function ask<A>(
  cloud: Cloud,
  method: string,
  path: string,
  body?: unknown,
  more: { idempotencyKey?: string } = {},
): Promise<A> {
  const options = { timeoutMs: longestMs, ...(body === undefined ? {} : { body }), ...more }
  const response = await cloud.garrison.request(method, path, options)
  return (await response.json()) as A
}

/** What may be asked for again when no answer came, and must not begin twice. */
const begin = <A>(cloud: Cloud, path: string, body?: unknown) =>
  ask<A>(cloud, 'POST', path, body, { idempotencyKey: crypto.randomUUID() })

export const microvms = (cloud: Cloud) => ({
  list: (all: boolean) => ask<Vm[]>(cloud, 'GET', `/v1/vms${all ? '?all=true' : ''}`),
  get: (id: string) => ask<Vm>(cloud, 'GET', `/v1/vms/${encodeURIComponent(id)}`),
  create: (body: CreateVmRequest) => begin<CreatedVm>(cloud, '/v1/vms', body),
  change: (id: string, body: object) => ask<Vm>(cloud, 'PATCH', `/v1/vms/${id}`, body),
  end: (id: string) => ask<Vm>(cloud, 'DELETE', `/v1/vms/${id}`),
  to: (id: string, verb: 'suspend' | 'resume') => begin<Vm>(cloud, `/v1/vms/${id}/${verb}`),
  clone: (id: string, snapshot_name: string | undefined) =>
    begin<{ vm_id: string; snapshot_id: string }>(cloud, `/v1/vms/${id}/clone`, {
      snapshot_name,
    }),
  capture: (id: string, name: string | undefined) =>
    begin<{ snapshot_id: string; status: string }>(cloud, `/v1/vms/${id}/snapshot`, { name }),
  openPty: (id: string, body: object) =>
    ask<{ pty_id: string; connect_path: string }>(
      ...([cloud, 'POST', `/v1/vms/${id}/pty/sessions`, body] as const),
    ),
  stageEnv: (id: string, env: Readonly<Record<string, string>>) =>
    ask<{ staged: string[]; languages: string[] }>(cloud, 'POST', `/v1/vms/${id}/stage-env`, {
      env,
    }),
  upload: (form: FormData) => ask<UploadResponse>(cloud, 'POST', '/upload', form),
  /** The bytes themselves; of a folder a tar archive. */
  download: (session_id: string, filename: string, recursive: boolean) =>
    cloud.garrison.request('POST', '/download', {
      body: new URLSearchParams({ session_id, filename, recursive: String(recursive) }),
      headers: { Accept: 'application/octet-stream' },
      timeoutMs: longestMs,
    }),
  execute: (body: object) => ask<ExecutionResult>(cloud, 'POST', '/execute', body),
  snapshots: (type: string | undefined) =>
    ask<SnapshotInfo[]>(cloud, 'GET', `/v1/snapshots${type === undefined ? '' : `?type=${type}`}`),
  snapshot: (id: string) => ask<SnapshotInfo>(cloud, 'GET', `/v1/snapshots/${id}`),
  build: (body: object) => begin<SnapshotInfo>(cloud, '/v1/snapshots', body),
  log: (id: string, offset: number) =>
    ask<BuildLog>(cloud, 'GET', `/v1/snapshots/${id}/build-log?offset=${offset}`),
  deleteSnapshot: (id: string) => ask<object>(cloud, 'DELETE', `/v1/snapshots/${id}`),
  volumes: () => ask<MicrovmVolume[]>(cloud, 'GET', '/v1/volumes'),
  createVolume: (body: { name: string; quota_bytes: number | undefined }) =>
    begin<MicrovmVolume>(cloud, '/v1/volumes', body),
  deleteVolume: (id: string) => ask<object>(cloud, 'DELETE', `/v1/volumes/${id}`),
  volumeFiles: (id: string, checkpoint: string | undefined) => {
    const query = new URLSearchParams({ recursive: 'true', limit: String(filesPerVolume) })
    if (checkpoint !== undefined) query.set('checkpoint_id', checkpoint)
    return ask<VolumeFile[]>(cloud, 'GET', `/v1/volumes/${id}/files?${query}`)
  },
  putVolumeFile: (id: string, form: FormData) =>
    ask<VolumeFile>(cloud, 'POST', `/v1/volumes/${id}/files/upload`, form),
  getVolumeFile: (id: string, path: string, checkpoint_id: string | undefined) =>
    cloud.garrison.request('POST', `/v1/volumes/${id}/files/download`, {
      body: { path, checkpoint_id },
      headers: { Accept: 'application/octet-stream' },
    }),
  checkpointVolume: (id: string, name: string | undefined) =>
    begin<VolumeCheckpoint>(cloud, `/v1/volumes/${id}/checkpoints`, { name }),
  volumeCheckpoints: (id: string) =>
    ask<VolumeCheckpoint[]>(cloud, 'GET', `/v1/volumes/${id}/checkpoints`),
  sshGateway: () => ask<SshGateway>(cloud, 'GET', '/v1/ssh-gateway'),
  egress: (id: string) => ask<EgressPolicy>(cloud, 'GET', `/v1/egress/vm/${id}`),
  setEgress: (id: string, body: EgressPolicyRequest) =>
    ask<EgressPolicy>(cloud, 'POST', `/v1/egress/vm/${id}`, body),
  shares: () => ask<Share[]>(cloud, 'GET', '/v1/shares'),
  share: (body: CreateShareRequest) => ask<Share>(cloud, 'POST', '/v1/shares', body),
  changeShare: (id: string, is_public: boolean) =>
    ask<Share>(cloud, 'PATCH', `/v1/shares/${id}`, { is_public }),
  revokeShare: (id: string) => ask<Share>(cloud, 'DELETE', `/v1/shares/${id}`),
})

/**
 * Of those that have not ended.
 * @throws Failure when nothing is called so, or several are.
 */
export async function vmOf(cloud: Cloud, text: string): Promise<Vm> {
  const api = microvms(cloud)
  if (things.vm.id.test(text)) return api.get(text)
  const found = (await api.list(false)).filter((vm) => vmName(vm) === text)
  return onlyOne(found, text, 'microVM', ({ vm_id }) => vm_id, 'vm list')
}

/** @throws Failure when nothing is called so, or several are. */
export async function snapshotOf(cloud: Cloud, text: string): Promise<SnapshotInfo> {
  const api = microvms(cloud)
  if (things['vm-snapshot'].id.test(text)) return api.snapshot(text)
  const found = (await api.snapshots(undefined)).filter(({ name }) => name === text)
  return onlyOne(found, text, 'snapshot of microVMs', ({ id }) => id, 'vm snapshot list')
}

/** @throws Failure when nothing is called so. */
export async function volumeOf(cloud: Cloud, text: string): Promise<MicrovmVolume> {
  const found = (await microvms(cloud).volumes()).filter(({ id, name }) =>
    [id, name.toLowerCase()].includes(text.toLowerCase()),
  )
  return onlyOne(found, text, 'volume of microVMs', ({ id }) => id, 'vm volume list')
}

/**
 * By its name, its address or its id.
 * @throws Failure when nothing is called so.
 */
export async function shareOf(cloud: Cloud, text: string): Promise<Share> {
  const names = ({ share_id, name, host, url }: Share) => [share_id, name, host, url]
  const wanted = text.replace(/\/+$/, '')
  const found = (await microvms(cloud).shares()).filter((share) => names(share).includes(wanted))
  return onlyOne(found, text, 'share', ({ share_id }) => share_id, 'vm share list')
}

function onlyOne<T>(
  found: readonly T[],
  text: string,
  kind: string,
  idOf: (thing: T) => string,
  list: string,
): T {
  const [only, ...others] = found
  if (only === undefined) {
    throw new Failure(`There is no ${kind} "${text}"`, {
      advice: [`See those there are: ./garrison ${list}`],
    })
  }
  if (others.length === 0) return only
  throw new Failure(`There are ${found.length} called "${text}"; name one by its id`, {
    advice: found.map(idOf),
    exitCode: 2,
  })
}
