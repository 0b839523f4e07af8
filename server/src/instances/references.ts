/** What a deployment names and nobody knows, all of it at once: one wrong name is rarely the only one. */
import type { DeploymentRequest } from '@garrison/contract/instances/routes'
import type { Caller } from '../caller.ts'
import type { Catalog, Region } from '../catalog/catalog.ts'
import type { Tx } from '../database/database.ts'
import { NotFound, ValidationError } from '../errors.ts'
import type { ImageService } from '../images/service.ts'
import type { SshKeyService } from '../ssh-keys/service.ts'

type Deps = { catalog: Catalog; images: ImageService; sshKeys: SshKeyService }
type Fields = Record<string, readonly string[]>

/**
 * Throws a {@link ValidationError} with every name that is wrong when one of the catalog is. Keys and images
 * alone are left to whoever uses them, who answers that they are not found.
 */
export async function requireKnownNames(
  { catalog, images, sshKeys }: Deps,
  tx: Tx,
  caller: Caller,
  input: DeploymentRequest,
): Promise<void> {
  const fields: Fields = {}
  const wrong = async <T>(field: string, look: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await look()
    } catch (error) {
      if (error instanceof ValidationError) Object.assign(fields, error.fields)
      else if (error instanceof NotFound) fields[field] = [`${error.message}.`]
      // Anything else is about a thing that is there, and told when the names are right.
      return null
    }
  }

  const region = await wrong('region', () => catalog.region(input.region))
  // Without a region, what any of them offers may be right.
  const regions = region === null ? catalog.regions() : [region]
  await wrong('flavor', () => inAny(regions, (each) => catalog.resolveFlavor(each, input)))
  const { os_image, image_id } = input
  if ((input.boot_source ?? 'os_image') === 'os_image' && os_image !== undefined)
    await wrong('os_image', () => inAny(regions, (each) => catalog.osImage(each, os_image)))
  if (Object.keys(fields).length === 0) return

  await wrong('ssh_key_ids', () => sshKeys.requireAll(tx, caller, input.ssh_key_ids))
  if (region !== null && input.boot_source === 'custom_image' && image_id !== undefined)
    await wrong('image_id', () => images.requireBootable(tx, caller, image_id, region.name))
  throw new ValidationError(fields)
}

/** What the first that has it says; when none does, what the last says. */
function inAny<T>(regions: readonly Region[], look: (region: Region) => T): T | null {
  let refusal: unknown = null
  for (const region of regions) {
    try {
      return look(region)
    } catch (error) {
      refusal = error
    }
  }
  if (refusal !== null) throw refusal
  return null
}
