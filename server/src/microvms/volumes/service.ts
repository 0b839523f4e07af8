/** The rules for volumes of microVMs: how much they hold, and what may be done to their files. */
import type { EventKind } from '@garrison/contract/events/kinds'
import {
  checkpointsPerVolume,
  filesPerVolume,
  microvmVolumesPerAccount,
  volumeQuota,
} from '@garrison/contract/microvms/volumes'
import { recordAudit } from '../../accounts/audit.ts'
import type { AccountLimits } from '../../accounts/limits.ts'
import type { AccountService } from '../../accounts/service.ts'
import type { Caller } from '../../caller.ts'
import type { Clock } from '../../clock.ts'
import type { Database, Tx } from '../../database/database.ts'
import { DomainError, InvalidState, NameTaken, NotFound } from '../../errors.ts'
import { recordEvent } from '../../events/outbox.ts'
import { newUuid } from '../../ids.ts'
import { newId } from '../hosting.ts'
import * as store from './store.ts'

const usualQuota = 1024 ** 3

export type VolumeDeps = {
  db: Database
  clock: Clock
  accounts: AccountService
  accountLimits: AccountLimits
}

export function createMicrovmVolumeService(deps: VolumeDeps) {
  const { db, clock, accounts, accountLimits } = deps

  async function require(reader: Database | Tx, caller: Caller, id: string) {
    const found = await store.findVolume(reader, caller.accountId, id)
    if (found === undefined) throw new NotFound('Volume', id)
    return found
  }

  async function lock(tx: Tx, caller: Caller, id: string) {
    const found = await store.lockVolume(tx, caller.accountId, id)
    if (found === undefined) throw new NotFound('Volume', id)
    return found
  }

  async function requireCheckpoint(reader: Database | Tx, volume: store.Volume, id: string) {
    const found = await store.findCheckpoint(reader, volume.id, id)
    if (found === undefined) throw new NotFound('Checkpoint', id)
    return found
  }

  async function requireFree(tx: Tx, caller: Caller, name: string, than?: string) {
    const same = await store.findByName(tx, caller.accountId, name)
    if (same !== undefined && same.id !== than) throw new NameTaken('a volume', name)
  }

  const tooMany = (words: string) => new DomainError('LIMIT_EXCEEDED', words)

  async function requireQuota(tx: Tx, caller: Caller, more: number) {
    if (more > 0) await accountLimits.require(tx, caller, { volumeGb: more / 1e9 })
    const { quota } = await store.totals(tx, caller.accountId)
    if (quota + more <= volumeQuota.ofAccount) return
    const most = volumeQuota.ofAccount / 1024 ** 3
    throw tooMany(`The quotas of an account come to at most ${most} GiB; make one smaller first`)
  }

  const audit = (tx: Tx, caller: Caller, verb: string, id: string, detail: object = {}) =>
    recordAudit(
      tx,
      caller,
      {
        ...{ action: `microvm-volume.${verb}`, subjectKind: 'microvm-volume', subjectId: id },
        detail: { ...detail },
      },
      clock.now(),
    )

  type Told = { kind: EventKind; data: object }

  const tell = (tx: Tx, { accountId }: Caller, id: string, { kind, data }: Told) =>
    recordEvent(
      tx,
      { accountId, kind, subjectKind: 'microvm-volume', subjectId: id, data: { ...data } },
      clock.now(),
    )

  const shown = ({ name, quota_bytes }: Pick<store.Volume, 'name' | 'quota_bytes'>) => ({
    ...{ name, quota_bytes },
  })

  return {
    require: (caller: Caller, id: string) => require(db, caller, id),
    list: (caller: Caller) => store.listVolumes(db, caller.accountId),

    async create(tx: Tx, caller: Caller, wanted: { name: string; quota: number | null }) {
      await accounts.lock(tx, caller.accountId)
      await requireFree(tx, caller, wanted.name)
      const { count } = await store.totals(tx, caller.accountId)
      if (count >= microvmVolumesPerAccount) {
        const words = `An account has at most ${microvmVolumesPerAccount} volumes of microVMs`
        throw tooMany(`${words}; delete one first`)
      }
      const quota_bytes = wanted.quota ?? usualQuota
      await requireQuota(tx, caller, quota_bytes)
      const now = clock.now()
      const row = { id: newUuid(), public_id: newId('vol'), account_id: caller.accountId }
      await store.insertVolume(tx, {
        ...{ ...row, name: wanted.name, quota_bytes, created_at: now, updated_at: now },
      })
      const data = { name: wanted.name, quota_bytes }
      await audit(tx, caller, 'create', row.public_id, data)
      await tell(tx, caller, row.public_id, { kind: 'microvm-volume.created', data })
      return require(tx, caller, row.public_id)
    },

    /** Null stays as it is. */
    async update(
      tx: Tx,
      caller: Caller,
      id: string,
      { name, quota }: { name: string | null; quota: number | null },
    ) {
      await accounts.lock(tx, caller.accountId)
      const volume = await lock(tx, caller, id)
      if (name !== null) await requireFree(tx, caller, name, volume.id)
      if (quota !== null && quota < volume.used_bytes) {
        const words = `Volume ${id} holds ${volume.used_bytes} bytes; delete something first`
        throw new InvalidState('volume', words)
      }
      if (quota !== null) await requireQuota(tx, caller, quota - volume.quota_bytes)
      await store.updateVolume(tx, volume.id, {
        ...(name !== null && { name }),
        ...(quota !== null && { quota_bytes: quota }),
        updated_at: clock.now(),
      })
      await audit(tx, caller, 'update', id, {
        ...(name !== null && { name }),
        ...(quota !== null && { quota_bytes: quota }),
      })
      const updated = await require(tx, caller, id)
      const data = shown(updated)
      if (JSON.stringify(data) !== JSON.stringify(shown(volume))) {
        await tell(tx, caller, id, { kind: 'microvm-volume.changed', data })
      }
      return updated
    },

    async delete(tx: Tx, caller: Caller, id: string) {
      const volume = await lock(tx, caller, id)
      await store.deleteVolume(tx, volume.id)
      await audit(tx, caller, 'delete', id, { name: volume.name })
      await tell(tx, caller, id, { kind: 'microvm-volume.deleted', data: shown(volume) })
    },

    async files(
      caller: Caller,
      id: string,
      {
        checkpoint,
        ...wanted
      }: Parameters<typeof store.listFiles>[2] & { checkpoint?: string | undefined },
    ) {
      const volume = await require(db, caller, id)
      const of = checkpoint === undefined ? null : await requireCheckpoint(db, volume, checkpoint)
      return store.listFiles(db, { volumeId: volume.id, checkpointId: of?.id ?? null }, wanted)
    },

    async put(
      tx: Tx,
      caller: Caller,
      id: string,
      { path, content, overwrite }: { path: string; content: Buffer; overwrite: boolean },
    ): Promise<store.VolumeFile> {
      const volume = await lock(tx, caller, id)
      const there = await store.findFile(tx, volume.id, null, path)
      if (there !== undefined && !overwrite) {
        throw new InvalidState('volume', `${path} is there already; set overwrite to replace it`)
      }
      const folders = path.split('/').map((_, at, parts) => parts.slice(0, at).join('/'))
      for (const folder of folders.slice(1)) {
        if ((await store.findFile(tx, volume.id, null, folder)) === undefined) continue
        throw new InvalidState('volume', `${folder} is a file, and no folder`)
      }
      if ((await store.findBelow(tx, volume.id, path)) !== undefined) {
        throw new InvalidState('volume', `${path} is a folder`)
      }
      if (there === undefined && (await store.countFiles(tx, volume.id)) >= filesPerVolume) {
        throw tooMany(`A volume has at most ${filesPerVolume} files; delete some first`)
      }
      const now = clock.now()
      await store.putFile(tx, volume.id, { blobId: newUuid(), path, content, now })
      await store.forgetContents(tx, volume.id)
      const { used_bytes, quota_bytes } = await require(tx, caller, id)
      if (used_bytes > quota_bytes) {
        const words = `Volume ${id} has a quota of ${quota_bytes} bytes, and this would make it ${used_bytes}`
        throw tooMany(`${words}; files that only checkpoints hold count too`)
      }
      await audit(tx, caller, 'upload', id, { path, size_bytes: content.length })
      return { path, size_bytes: content.length, modified_at: now }
    },

    async remove(tx: Tx, caller: Caller, id: string, path: string) {
      const volume = await lock(tx, caller, id)
      const file = await store.findFile(tx, volume.id, null, path)
      if (file === undefined) throw new NotFound('File', path)
      await store.removeFile(tx, volume.id, path)
      await store.forgetContents(tx, volume.id)
      await audit(tx, caller, 'remove', id, { path })
      return file
    },

    async read(caller: Caller, id: string, path: string, checkpoint: string | null) {
      const volume = await require(db, caller, id)
      const of = checkpoint === null ? null : await requireCheckpoint(db, volume, checkpoint)
      const file = await store.findFile(db, volume.id, of?.id ?? null, path)
      const content = file && (await store.contentOf(db, file.blob_id))
      // Also when it was replaced between the two.
      if (file === undefined || content === undefined) throw new NotFound('File', path)
      return { file, content }
    },

    async checkpoints(caller: Caller, id: string) {
      return store.listCheckpoints(db, (await require(db, caller, id)).id)
    },

    async createCheckpoint(tx: Tx, caller: Caller, id: string, name: string | null) {
      const volume = await lock(tx, caller, id)
      const there = await store.listCheckpoints(tx, volume.id)
      if (there.length >= checkpointsPerVolume) {
        throw tooMany(`A volume has at most ${checkpointsPerVolume} checkpoints; delete one first`)
      }
      const created_at = clock.now()
      const row = { id: newUuid(), public_id: newId('ckpt'), volume_id: volume.id }
      const called = name ?? created_at.toISOString()
      await store.insertCheckpoint(tx, { ...row, name: called, created_at })
      const data = { checkpoint: row.public_id, name: called }
      await audit(tx, caller, 'checkpoint', id, data)
      await tell(tx, caller, id, { kind: 'microvm-volume.checkpointed', data })
      return requireCheckpoint(tx, volume, row.public_id)
    },

    async deleteCheckpoint(tx: Tx, caller: Caller, id: string, checkpointId: string) {
      const volume = await lock(tx, caller, id)
      const checkpoint = await requireCheckpoint(tx, volume, checkpointId)
      await store.deleteCheckpoint(tx, checkpoint.id)
      await store.forgetContents(tx, volume.id)
      await audit(tx, caller, 'delete-checkpoint', id, { checkpoint: checkpointId })
      const data = { checkpoint: checkpointId, name: checkpoint.name }
      await tell(tx, caller, id, { kind: 'microvm-volume.checkpoint-deleted', data })
    },
  }
}

export type MicrovmVolumeService = ReturnType<typeof createMicrovmVolumeService>
