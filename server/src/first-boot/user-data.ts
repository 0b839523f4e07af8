/** What a new machine is told to do on its first boot, out of everything that a deployment may ask for. */
import type { OsImage } from '../catalog/catalog.ts'
import { ValidationError } from '../errors.ts'
import { scriptOfCloudConfig } from './cloud-config.ts'
import { jupyterSetup, multipart, setupBefore } from './jupyter.ts'

/** A text that begins with `#!` or `#cloud-config`. `field`: of the request that it came with. */
export type Given = { readonly field: 'cloud_init' | 'startup_script_id'; readonly text: string }

const isCloudConfig = (text: string) => !text.startsWith('#!')

/**
 * The user-data for an image, or `null` when there is nothing to do. An unknown image (of a custom one)
 * gets the text as it is. Throws {@link ValidationError} for what the image cannot do, by its name.
 */
export function userDataFor(
  image: OsImage | undefined,
  given: Given | null,
  jupyterHash: string | null,
): string | null {
  const text = given === null ? null : understood(image, given)
  if (jupyterHash === null) return text
  requireJupyter(image)
  const setup = jupyterSetup(jupyterHash)
  if (text === null) return setup
  return isCloudConfig(text) ? multipart(setup, text) : setupBefore(setup, text)
}

function understood(image: OsImage | undefined, { field, text }: Given): string {
  if (image === undefined || image.cloud_config || !isCloudConfig(text)) return text
  const translated = scriptOfCloudConfig(text, image.name)
  if ('problems' in translated) throw new ValidationError({ [field]: translated.problems })
  return translated.script
}

function requireJupyter(image: OsImage | undefined) {
  if (image?.has_jupyter === true) return
  const name = image?.name ?? 'The image'
  throw new ValidationError({
    jupyter: [`${name} has no Jupyter server; leave it out, or choose an image that has one.`],
  })
}
