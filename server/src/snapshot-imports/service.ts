/**
 * The rules for imports. The snapshot is there, CREATING, from the first request on, so that its name is
 * taken and everybody sees it; the operation begins when the last byte of its file has come.
 */
import type { ImportSnapshotRequest } from '@garrison/contract/snapshot-imports/routes'
import { type ImportAction, whyNot } from '@garrison/contract/snapshot-imports/states'
import type { SnapshotManifest } from '@garrison/contract/snapshots/manifest'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Catalog, Flavor } from '../catalog/catalog.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import { DomainError, InvalidState, NotFound, ValidationError } from '../errors.ts'
import { oneAfterAnother } from '../one-after-another.ts'
import type { OperationService } from '../operations/service.ts'
import type { SnapshotService } from '../snapshots/service.ts'
import type { SshKeyService } from '../ssh-keys/service.ts'
import { noting } from './pieces.ts'
import * as store from './store.ts'

/** How long an upload may rest. */
const patienceMs = 24 * 60 * 60_000
/** How old it may become, however slowly bytes come. */
const longestMs = 7 * 24 * 60 * 60_000
/** While bytes come, that they do is written down this often. */
const noteEveryMs = 60_000

export type SnapshotImportDeps = {
  clock: Clock
  catalog: Catalog
  regions: Regions
  placement: Placement
  operations: OperationService
  snapshots: SnapshotService
  sshKeys: SshKeyService
}

type Account = Pick<Caller, 'accountId'>

export function createSnapshotImportService(deps: SnapshotImportDeps) {
  const { clock, catalog, regions, placement } = deps
  const { operations, snapshots, sshKeys } = deps

  async function require(db: Database | Tx, caller: Account, snapshotId: string) {
    const snapshot = await snapshots.require(db, caller, snapshotId)
    const row = await store.findImport(db, caller.accountId, snapshot.id)
    if (row === undefined) throw new NotFound('Import of snapshot', snapshotId)
    const { uploadedBytes } = regions.engine(snapshot.region)
    const receivedBytes =
      row.status === 'UPLOADING' ? await uploadedBytes(snapshot.id) : sizeOf(row.manifest)
    return { snapshot, row, receivedBytes }
  }

  function requireState(action: ImportAction, { status }: store.SnapshotImport) {
    const refusal = whyNot(action, status)
    if (refusal !== null) throw new InvalidState('snapshot', refusal)
  }

  const patienceEnds = (createdAt: Date) =>
    new Date(Math.min(clock.now().getTime() + patienceMs, createdAt.getTime() + longestMs))

  /** Bytes come. */
  async function keepUploading(db: Database, row: store.SnapshotImport) {
    const times = { now: clock.now(), until: patienceEnds(row.created_at) }
    await store.keepUploading(db, row.account_id, row.snapshot_id, times)
  }

  /** What machines that are restored from it are made of: never more than what they are priced as. */
  function flavorFor(input: ImportSnapshotRequest, currency: Caller['currency']): Flavor {
    const region = catalog.region(input.region)
    const { shape } = input.manifest
    const flavor =
      input.flavor !== undefined
        ? catalog.resolveFlavor(region, { flavor: input.flavor })
        : catalog.flavorLike(region.name, shape, currency)
    if (shape.disk_gb <= flavor.diskGb) return flavor
    throw new ValidationError({
      flavor: [
        `The disk has ${shape.disk_gb} GB and ${flavor.name} has ${flavor.diskGb} GB; choose a flavor with a larger disk.`,
      ],
    })
  }

  async function requireFitting({ region, manifest }: ImportSnapshotRequest) {
    const problems: Record<string, string[]> = {}
    const { os_image, shape, files } = manifest
    const largest = Math.ceil((shape.disk_gb * 1e9) / 512) * 512
    const [file] = files
    if (file !== undefined && file.virtual_size_bytes > largest) {
      problems['manifest.files'] = [
        `A disk of ${shape.disk_gb} GB has at most ${largest} bytes, not ${file.virtual_size_bytes}.`,
      ]
    }
    const disk = { osImage: os_image.name, recipe: os_image.recipe }
    if (!(await regions.engine(region).bootable(disk))) {
      problems['manifest.os_image'] = [
        `${region} has no kernel for disks of ${os_image.name ?? 'this OS image'}, recipe ${os_image.recipe}; import it where the same release of that image is installed.`,
      ]
    }
    if (Object.keys(problems).length > 0) throw new ValidationError(problems)
  }

  /** Whoever came last with the last byte: only one begins it. */
  /** Answers false when somebody else has begun it. */
  async function beginVerification(tx: Tx, { accountId }: Account, snapshotId: string) {
    const snapshot = await snapshots.require(tx, { accountId }, snapshotId)
    const row = await store.lockImport(tx, accountId, snapshot.id)
    if (row?.status !== 'UPLOADING') return false
    await operations.begin(tx, {
      kind: 'import-snapshot',
      accountId,
      region: snapshot.region,
      subject: { kind: 'snapshot', id: snapshot.id, publicId: snapshot.public_id },
      input: {},
      holds: [{ id: snapshot.id, exclusive: true }],
    })
    await store.updateImport(tx, accountId, snapshot.id, {
      status: 'VERIFYING',
      expires_at: null,
      updated_at: clock.now(),
    })
    return true
  }

  async function giveUp(tx: Tx, { accountId }: Account, snapshotId: string) {
    const { snapshot } = await require(tx, { accountId }, snapshotId)
    regions.requireConfigured(snapshot.region)
    await operations.pauseAllOn(tx, snapshot.id)
    const row = await store.lockImport(tx, accountId, snapshot.id)
    if (row === undefined) throw new NotFound('Import of snapshot', snapshotId)
    requireState('delete', row)
    await snapshots.beginDeletion(tx, snapshot, 'cancel')
    await store.updateImport(tx, accountId, snapshot.id, {
      status: 'ERROR',
      expires_at: null,
      updated_at: clock.now(),
    })
    return snapshot
  }

  function audit(tx: Tx, caller: Caller, verb: string, id: string, detail = {}) {
    return recordAudit(
      tx,
      caller,
      { action: `snapshot.${verb}`, subjectKind: 'snapshot', subjectId: id, detail },
      clock.now(),
    )
  }

  return {
    require,

    async create(tx: Tx, caller: Caller, input: ImportSnapshotRequest) {
      const { manifest } = input
      const region = catalog.region(input.region)
      const can = regions.capabilities(region.name)
      if (!can.snapshotTransfer || !can.snapshot) {
        throw new DomainError('TIER_NOT_SUPPORTED', `${region.name} cannot import snapshots`)
      }
      const flavor = flavorFor(input, caller.currency)
      await requireFitting(input)
      const keys = await sshKeys.requireAll(tx, caller, input.ssh_key_ids ?? [])
      await placement.requireAnyDiskRoom(region.name, sizeOf(manifest))
      const name = input.name ?? manifest.name
      const snapshot = await snapshots.addForeign(tx, caller, {
        ...{ name, region, flavor, keys },
        description: input.description ?? manifest.description,
        vmName: manifest.vm_name,
        diskGb: manifest.shape.disk_gb,
        osImage: manifest.os_image.name,
        loginUser: manifest.login_user,
      })
      const now = clock.now()
      await store.insertImport(tx, {
        snapshot_id: snapshot.id,
        account_id: caller.accountId,
        status: 'UPLOADING',
        manifest: JSON.stringify(manifest),
        expires_at: patienceEnds(now),
        created_at: now,
        updated_at: now,
      })
      await audit(tx, caller, 'import', snapshot.public_id, { name, region: region.name })
      return require(tx, caller, snapshot.public_id)
    },

    /**
     * Takes a piece of the file, from `from` on; what came before it breaks off is kept. `null`: there is
     * none, only the question whether all is there. With the last byte, verification begins.
     */
    async upload(
      db: Database,
      caller: Caller,
      snapshotId: string,
      piece: { from: number; data: AsyncIterable<Uint8Array> } | null,
    ) {
      const { snapshot, row, receivedBytes } = await require(db, caller, snapshotId)
      requireState('upload', row)
      const sizeBytes = sizeOf(row.manifest)
      if (piece !== null && piece.from !== receivedBytes) throw misplaced(receivedBytes, sizeBytes)
      let received = receivedBytes
      if (piece !== null) {
        const engine = regions.engine(snapshot.region)
        const data = noting(piece.data, () => keepUploading(db, row), {
          clock,
          everyMs: noteEveryMs,
        })
        received = await engine.appendUpload(snapshot.id, piece.from, data, sizeBytes)
      }
      if (received === sizeBytes) {
        await transaction(db, async (tx) => {
          if (!(await beginVerification(tx, caller, snapshotId))) return
          const detail = { name: snapshot.name, size_bytes: sizeBytes }
          await audit(tx, caller, 'import.upload', snapshot.public_id, detail)
        })
      }
      return require(db, caller, snapshotId)
    },

    async delete(tx: Tx, caller: Caller, snapshotId: string) {
      const snapshot = await giveUp(tx, caller, snapshotId)
      await audit(tx, caller, 'import.delete', snapshot.public_id)
      return require(tx, caller, snapshotId)
    },

    /** Gives up what nobody has sent a piece of for long enough. One that cannot go holds up no other. */
    async expire(db: Database) {
      const abandoned = await store.abandonedImports(db, clock.now())
      await oneAfterAnother(abandoned, ({ account_id, snapshot_public_id: id }) =>
        transaction(db, async (tx) => {
          const account = { accountId: account_id }
          const { expires_at } = (await require(tx, account, id)).row
          // Bytes may have come since, or all of them.
          if (expires_at !== null && expires_at < clock.now()) await giveUp(tx, account, id)
        }),
      )
    },
  }
}

export type SnapshotImportService = ReturnType<typeof createSnapshotImportService>

export const sizeOf = ({ files }: SnapshotManifest) => files[0]?.size_bytes ?? 0

export const misplaced = (receivedBytes: number, sizeBytes: number) =>
  new DomainError(
    'RANGE_NOT_SATISFIABLE',
    `${receivedBytes} of ${sizeBytes} bytes are there; go on from there, with "Content-Range: bytes ${receivedBytes}-${sizeBytes - 1}/${sizeBytes}"`,
  )
