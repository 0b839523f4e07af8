/** The rules for custom images. They are made by the snapshot service, which knows their source. */
import { whyNot } from '@garrison/contract/images/states'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, isUniqueViolation, type Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, InvalidState, NameTaken, NotFound } from '../errors.ts'
import { issueNumber, newUuid } from '../ids.ts'
import type { OperationService } from '../operations/service.ts'
import * as store from './store.ts'

/** What an image takes over from the snapshot that it is made of. */
export type ImageSource = {
  readonly id: string
  readonly public_id: string
  readonly name: string
  readonly region: string
  readonly tier: store.Image['tier']
  readonly disk_gb: number
  readonly os_image: string | null
  readonly login_user: string
}

export function createImageService(deps: {
  clock: Clock
  regions: Regions
  operations: OperationService
}) {
  const { clock, regions, operations } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const image = await store.findImage(db, caller.accountId, id)
    if (image === undefined) throw new NotFound('Image', id)
    return image
  }

  return {
    require,

    /** An image that a machine in this region may boot from now; it stays until the transaction ends. */
    async requireBootable(tx: Tx, caller: Caller, id: string, region: string) {
      const image = await store.shareImage(tx, caller.accountId, id)
      if (image === undefined) throw new NotFound('Image', id)
      if (image.region !== region) {
        throw new DomainError(
          'REGION_MISMATCH',
          `Image ${id} is in ${image.region} and cannot be used in ${region}; deploy to ${image.region}`,
        )
      }
      const refusal = whyNot('deploy', image.status)
      if (refusal !== null) throw new InvalidState('image', refusal)
      return image
    },

    /**
     * The caller has made sure that the snapshot is there and stays. It may still be on its way: then
     * the image waits behind it.
     */
    async createFrom(
      tx: Tx,
      caller: Caller,
      source: ImageSource,
      input: { name: string; description: string | undefined },
    ) {
      regions.requireConfigured(source.region)
      if (await store.isImageNameTaken(tx, caller.accountId, input.name)) {
        throw new NameTaken('an image', input.name)
      }
      const now = clock.now()
      const id = newUuid()
      const publicId = await issueNumber(tx)
      await store
        .insertImage(tx, {
          id,
          public_id: publicId,
          account_id: caller.accountId,
          snapshot_id: source.id,
          snapshot_public_id: source.public_id,
          snapshot_name: source.name,
          name: input.name,
          description: input.description ?? '',
          status: 'creating',
          region: source.region,
          tier: source.tier,
          size_bytes: null,
          min_disk_gb: source.disk_gb,
          os_image: source.os_image,
          login_user: source.login_user,
          error: null,
          created_at: now,
          updated_at: now,
          deleted_at: null,
        })
        .catch((error: unknown) => {
          throw isUniqueViolation(error, 'images_name')
            ? new NameTaken('an image', input.name)
            : error
        })
      await operations.begin(tx, {
        kind: 'create-image',
        accountId: caller.accountId,
        region: source.region,
        subject: { kind: 'image', id, publicId },
        input: { snapshotId: source.id },
        holds: [
          { id, exclusive: true },
          { id: source.id, exclusive: false },
        ],
        whenBusy: 'wait',
      })
      await recordAudit(
        tx,
        caller,
        {
          action: 'image.create',
          subjectKind: 'image',
          subjectId: publicId,
          detail: { name: input.name, snapshot: source.public_id },
        },
        now,
      )
      return require(tx, caller, publicId)
    },

    async delete(tx: Tx, caller: Caller, id: string) {
      const image = await store.lockImage(tx, caller.accountId, id)
      if (image === undefined) throw new NotFound('Image', id)
      regions.requireConfigured(image.region)
      const refusal = whyNot('delete', image.status)
      if (refusal !== null) {
        throw image.status === 'creating'
          ? new DomainError('OPERATION_IN_PROGRESS', refusal)
          : new InvalidState('image', refusal)
      }
      const now = clock.now()
      await operations.begin(tx, {
        kind: 'delete-image',
        accountId: caller.accountId,
        region: image.region,
        subject: { kind: 'image', id: image.id, publicId: image.public_id },
        input: {},
        holds: [{ id: image.id, exclusive: true }],
      })
      await store.updateImage(tx, caller.accountId, image.id, {
        status: 'deleting',
        updated_at: now,
      })
      await recordAudit(
        tx,
        caller,
        { action: 'image.delete', subjectKind: 'image', subjectId: image.public_id },
        now,
      )
      return image
    },

    list(db: Database, caller: Caller, filter: store.ImageFilter, range: Range) {
      return store.pageOfImages(db, caller.accountId, filter, range)
    },

    /** By snapshot, for those of `snapshotPublicIds` that have images. */
    async ofSnapshots(db: Database, caller: Caller, snapshotPublicIds: readonly string[]) {
      const rows = await store.imagesOfSnapshots(db, caller.accountId, snapshotPublicIds)
      return Map.groupBy(rows, (row) => row.snapshot_public_id)
    },
  }
}

export type ImageService = ReturnType<typeof createImageService>
