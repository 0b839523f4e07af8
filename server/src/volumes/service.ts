/** The rules for volumes by themselves. Who gets them is in attachments.ts and equipment.ts. */
import type { CloneVolumeRequest, CreateVolumeRequest } from '@garrison/contract/volumes/routes'
import { volumeActions } from '@garrison/contract/volumes/states'
import type { Capabilities } from '@garrison/engines/engine'
import { type AuditEntry, recordAudit } from '../accounts/audit.ts'
import type { AccountLimits } from '../accounts/limits.ts'
import type { BillingService } from '../billing/service.ts'
import { bearingKey, type Caller } from '../caller.ts'
import type { Catalog, Region } from '../catalog/catalog.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, isUniqueViolation, type Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, NameTaken, NotFound, ValidationError } from '../errors.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import type { Hold, OperationService } from '../operations/service.ts'
import type { PriceService } from '../prices/service.ts'
import { lockAll, requireState } from './equipment.ts'
import * as store from './store.ts'

export type VolumeServiceDeps = {
  clock: Clock
  catalog: Catalog
  regions: Regions
  placement: Placement
  operations: OperationService
  billing: BillingService
  prices: PriceService
  accountLimits: AccountLimits
}

type Ability = 'volumes' | 'volumeBoot' | 'volumeClone' | 'volumeResize'

const lacks: Record<Ability, string> = {
  volumes: 'has no volumes; choose another region',
  volumeBoot: 'has no bootable volumes; leave "bootable" out',
  volumeClone: 'cannot clone volumes; create one and copy the data in an instance',
  volumeResize: 'cannot resize volumes; create a larger one and copy the data in an instance',
}

export function createVolumeService(deps: VolumeServiceDeps) {
  const { clock, catalog, regions, placement, operations, billing } = deps
  const { prices, accountLimits } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const volume = await store.findVolume(db, caller.accountId, id)
    if (volume === undefined) throw new NotFound('Volume', id)
    return volume
  }

  function requireAble(region: string, ability: Ability & keyof Capabilities) {
    if (regions.capabilities(region)[ability]) return
    throw new DomainError('TIER_NOT_SUPPORTED', `${region} ${lacks[ability]}`)
  }

  function requireType(region: Region, wanted: string | undefined) {
    const types = catalog.volumeTypes(region)
    const type = wanted === undefined ? types[0] : types.find((each) => each === wanted)
    if (type !== undefined) return type
    throw new ValidationError({
      volume_type: [`${region.name} has ${types.join(', ') || 'no volumes'}.`],
    })
  }

  /** GB that a volume of this content has at least. */
  function requireSize(region: Region, sizeGb: number, osImage: string | null) {
    const least = Math.max(
      region.minimum_volume_gb,
      osImage === null ? 0 : catalog.osImage(region, osImage).min_disk_gb,
    )
    if (sizeGb >= least) return
    const what = osImage === null ? 'Volumes' : `Volumes of ${osImage}`
    throw new ValidationError({
      size_gb: [`${what} in ${region.name} have at least ${least} GB.`],
    })
  }

  async function tellOf(
    tx: Tx,
    caller: Caller,
    verb: string,
    publicId: string,
    detail: Record<string, unknown> = {},
    values: Pick<AuditEntry, 'before' | 'after'> = {},
  ) {
    const now = clock.now()
    const subject = { subjectKind: 'volume', subjectId: publicId }
    const entry = { action: `volume.${verb}`, ...subject, detail, ...values }
    await recordAudit(tx, caller, entry, now)
  }

  function begin(
    tx: Tx,
    volume: BeginOn,
    kind: string,
    more: { input?: object; holds?: Hold[] } = {},
  ) {
    return operations.begin(tx, {
      kind,
      accountId: volume.account_id,
      region: volume.region,
      subject: { kind: 'volume', id: volume.id, publicId: volume.public_id },
      input: { ...more.input },
      holds: [{ id: volume.id, exclusive: true }, ...(more.holds ?? [])],
    })
  }

  type Made = Pick<
    store.Volume,
    'name' | 'description' | 'status' | 'region' | 'tier' | 'volume_type' | 'size_gb'
  > &
    Pick<store.Volume, 'bootable' | 'os_image' | 'login_user'>

  /** Checks name, credits and room, on a certain host where it says which, then writes the row. */
  async function insert(tx: Tx, caller: Caller, made: Made, onHost?: string) {
    if (await store.isVolumeNameTaken(tx, caller.accountId, made.name))
      throw new NameTaken('a volume', made.name)
    await accountLimits.require(tx, caller, { volumeGb: made.size_gb })
    await billing.requireProfile(tx, caller)
    await billing.requireStorageCredits(tx, caller)
    const host = await placement.reserveDisk(tx, made.region, made.size_gb, onHost)
    const now = clock.now()
    const publicId = await issuePublicId(tx, 'V')
    await store
      .insertVolume(tx, {
        ...{ ...made, id: newUuid(), public_id: publicId, account_id: caller.accountId, host },
        tb_rate_micros: catalog.volumeTbRate(caller.currency, made.tier, made.volume_type),
        currency: caller.currency,
        ...{ growing_to_gb: null, instance_id: null, is_boot: false, attached_at: null },
        ...{ error: null, created_at: now, updated_at: now, deleted_at: null },
        api_key_id: bearingKey(caller),
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'volumes_name')
          ? new NameTaken('a volume', made.name)
          : error
      })
    return require(tx, caller, publicId)
  }

  /** The volume, locked, in a state that allows the action. */
  async function lockFor(tx: Tx, caller: Caller, id: string, action: keyof typeof volumeActions) {
    const [volume] = await lockAll(tx, caller, [id])
    if (volume === undefined) throw new NotFound('Volume', id)
    regions.requireConfigured(volume.region)
    requireState(volume, action)
    return volume
  }

  return {
    require,

    async create(tx: Tx, caller: Caller, input: CreateVolumeRequest) {
      await prices.hold(tx)
      const region = catalog.region(input.region)
      requireAble(region.name, 'volumes')
      const bootable = input.bootable ?? false
      if (bootable) requireAble(region.name, 'volumeBoot')
      const image = input.os_image === undefined ? null : catalog.osImage(region, input.os_image)
      const type = requireType(region, input.volume_type)
      requireSize(region, input.size_gb, image?.name ?? null)
      const volume = await insert(tx, caller, {
        ...{ name: input.name, description: input.description ?? null, status: 'creating' },
        ...{ region: region.name, tier: region.tier, volume_type: type, size_gb: input.size_gb },
        ...{ bootable, os_image: image?.name ?? null, login_user: image?.login_user ?? null },
      })
      await begin(tx, volume, 'create-volume')
      const detail = { name: volume.name, region: region.name, size_gb: volume.size_gb }
      await tellOf(tx, caller, 'create', volume.public_id, detail)
      return volume
    },

    /** As of now; the source may be in use, and stays as it is. */
    async clone(tx: Tx, caller: Caller, id: string, input: CloneVolumeRequest) {
      const { region: name } = await require(tx, caller, id)
      requireAble(name, 'volumeClone')
      await prices.hold(tx)
      const source = await lockFor(tx, caller, id, 'clone')
      const region = catalog.region(name)
      const made = {
        ...source,
        name: input.name ?? `${source.name.slice(0, 50 - '-clone'.length).trimEnd()}-clone`,
        status: 'cloning' as const,
        volume_type: requireType(region, input.volume_type ?? source.volume_type),
      }
      // Its layers are the source's, which do not move.
      const volume = await insert(tx, caller, made, source.host)
      await begin(tx, volume, 'clone-volume', {
        input: { sourceId: source.id },
        holds: [{ id: source.id, exclusive: false }],
      })
      const detail = { name: volume.name, source: source.public_id }
      await tellOf(tx, caller, 'clone', volume.public_id, detail)
      return { volume, source }
    },

    async resize(tx: Tx, caller: Caller, id: string, sizeGb: number) {
      const { region } = await require(tx, caller, id)
      requireAble(region, 'volumeResize')
      const volume = await lockFor(tx, caller, id, 'resize')
      if (sizeGb <= volume.size_gb)
        throw new ValidationError({
          size_gb: [
            `Volumes only grow: it has ${volume.size_gb} GB already, so ask for more than that.`,
          ],
        })
      await accountLimits.require(tx, caller, { volumeGb: sizeGb - volume.size_gb })
      await billing.requireStorageCredits(tx, caller)
      await placement.reserveDisk(tx, region, sizeGb - volume.size_gb, volume.host)
      await begin(tx, volume, 'resize-volume')
      await store.updateVolume(tx, caller.accountId, volume.id, {
        ...{ status: volumeActions.resize.through, growing_to_gb: sizeGb },
        ...{ error: null, updated_at: clock.now() },
      })
      const values = { before: { size_gb: volume.size_gb }, after: { size_gb: sizeGb } }
      await tellOf(tx, caller, 'resize', volume.public_id, { name: volume.name }, values)
      return { volume: await require(tx, caller, id), previousGb: volume.size_gb }
    },

    async delete(tx: Tx, caller: Caller, id: string) {
      const volume = await lockFor(tx, caller, id, 'delete')
      await begin(tx, volume, 'delete-volume')
      await store.updateVolume(tx, caller.accountId, volume.id, {
        status: volumeActions.delete.through,
        updated_at: clock.now(),
      })
      await tellOf(tx, caller, 'delete', volume.public_id, { name: volume.name })
      return volume
    },

    async list(db: Database, caller: Caller, filter: store.VolumeFilter, range: Range) {
      const [{ rows, total }, statistics, taken] = await Promise.all([
        store.pageOfVolumes(db, caller.accountId, filter, range),
        store.volumeTotals(db, caller.accountId, filter.region),
        store.takenNumbers(db, caller.accountId),
      ])
      let next = 1
      while (taken.has(String(next))) next++
      return { rows, total, statistics, nextName: `volume${next}` }
    },

    /** What each region sells, those that agree together. */
    types(filter: { tier?: string | undefined; region?: string | undefined }) {
      const offers = catalog
        .regions()
        .filter(({ name }) => filter.region === undefined || filter.region === name)
        .filter(({ tier }) => filter.tier === undefined || filter.tier === tier)
        .filter(({ name }) => regions.isConfigured(name) && regions.capabilities(name).volumes)
        .flatMap((region) =>
          catalog.volumeTypes(region).map((type) => ({
            ...{ type, tier: region.tier, region: region.name },
            prices: catalog.prices.volumes[region.tier][type] ?? {},
            minimum_size_gb: region.minimum_volume_gb,
            bootable_supported: regions.capabilities(region.name).volumeBoot,
          })),
        )
      const alike = Map.groupBy(offers, (offer) =>
        JSON.stringify({ ...offer, region: undefined, prices: undefined }),
      )
      return [...alike.values()].flatMap((group) => {
        const [first] = group
        if (first === undefined) return []
        const { region: _, ...offer } = first
        return [{ ...offer, regions: group.map((each) => each.region), unit: 'per TB per hour' }]
      })
    },
  }
}

type BeginOn = Pick<store.Volume, 'id' | 'public_id' | 'account_id' | 'region'>

export type VolumeService = ReturnType<typeof createVolumeService>
