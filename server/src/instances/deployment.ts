/** The rules for new machines: what they are made of, all of it checked before anything is written. */
import type { DeploymentRequest } from '@garrison/contract/instances/routes'
import type { Caller } from '../caller.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Tx } from '../database/database.ts'
import { NameTaken, ValidationError } from '../errors.ts'
import type { Protection } from '../firewalls/protection.ts'
import type { Preparation, Settled } from '../first-boot/preparation.ts'
import type { ImageService } from '../images/service.ts'
import type { PriceService } from '../prices/service.ts'
import type { SshKeyService } from '../ssh-keys/service.ts'
import type { Equipment, EquipmentService } from '../volumes/equipment.ts'
import { getsPublicAddress } from './public-address-rule.ts'
import { requireKnownNames } from './references.ts'
import type { InstanceService } from './service.ts'
import { isNameTaken } from './store.ts'

export type DeploymentDeps = {
  catalog: Catalog
  regions: Regions
  sshKeys: SshKeyService
  images: ImageService
  prices: PriceService
  protection: Protection
  preparation: Preparation
  equipment: EquipmentService
  instances: InstanceService
}

export function createDeployment(deps: DeploymentDeps) {
  const { catalog, regions, prices, sshKeys, images, instances } = deps
  const { protection, preparation, equipment } = deps

  /** The boot source of a deployment: what it is, and what it asks of the disk. */
  async function bootSource(
    tx: Tx,
    caller: Caller,
    input: DeploymentRequest,
    region: ReturnType<Catalog['region']>,
    { boot }: Equipment,
  ) {
    const source = input.boot_source ?? 'os_image'
    switch (source) {
      case 'os_image': {
        if (input.os_image === undefined) {
          throw new ValidationError({ os_image: ['This field is required.'] })
        }
        const image = catalog.osImage(region, input.os_image)
        return {
          bootSource: source,
          sourceId: null,
          osImage: image.name,
          loginUser: image.login_user,
          minDiskGb: image.min_disk_gb,
        }
      }
      case 'custom_image': {
        if (input.image_id === undefined) {
          throw new ValidationError({ image_id: ['This field is required.'] })
        }
        const image = await images.requireBootable(tx, caller, input.image_id, region.name)
        return {
          bootSource: source,
          sourceId: image.id,
          osImage: image.os_image,
          loginUser: image.login_user,
          minDiskGb: image.min_disk_gb,
        }
      }
      case 'volume': {
        if (boot === null) throw new ValidationError({ volume_id: ['This field is required.'] })
        return {
          bootSource: source,
          sourceId: boot.id,
          osImage: boot.os_image,
          loginUser: boot.login_user ?? 'root',
          minDiskGb: boot.size_gb,
        }
      }
    }
  }

  /** @param settled Of a deployment that was asked for earlier. */
  async function deploy(
    tx: Tx,
    caller: Caller,
    input: DeploymentRequest,
    settled: Settled | null = null,
  ) {
    await prices.hold(tx)
    await requireKnownNames({ catalog, images, sshKeys }, tx, caller, input)
    const region = catalog.region(input.region)
    if (input.tier !== undefined && input.tier !== region.tier) {
      throw new ValidationError({ tier: [`${region.name} is of tier ${region.tier}.`] })
    }
    const can = regions.capabilities(region.name)
    const publicIp = getsPublicAddress(region, can, input.public_ip)
    const flavor = catalog.resolveFlavor(region, input)
    if (await isNameTaken(tx, caller.accountId, input.vm_name)) {
      throw new NameTaken('an instance', input.vm_name)
    }
    const equipped = await equipment.require(tx, caller, region.name, {
      boot: input.boot_source === 'volume' ? (input.volume_id ?? null) : null,
      data: input.volume_ids ?? [],
    })
    const { minDiskGb, ...source } = await bootSource(tx, caller, input, region, equipped)
    const diskGb = equipment.diskSize(region.name, flavor.diskGb, input.os_volume_size_gb, equipped)
    if (minDiskGb > diskGb) {
      throw new ValidationError({
        flavor: [`The image needs a disk of ${minDiskGb} GB; ${flavor.name} has ${diskGb} GB.`],
      })
    }
    const firstBoot = await preparation.require(tx, caller, region, source.osImage, input, settled)
    const keys = await sshKeys.requireAll(tx, caller, input.ssh_key_ids)
    const protectedBy = await protection.require(tx, caller, region.name, input)
    const created = await instances.create(tx, caller, {
      kind: 'deploy-instance',
      name: input.vm_name,
      region: region.name,
      tier: region.tier,
      flavor,
      diskGb,
      equipment: equipped,
      publicIp,
      keys,
      ...firstBoot,
      ...source,
    })
    await preparation.give(tx, created.instance)
    await equipment.give(tx, created.instance, equipped)
    await protection.give(tx, created.instance, protectedBy)
    return created
  }

  return { deploy }
}

export type Deployment = ReturnType<typeof createDeployment>
