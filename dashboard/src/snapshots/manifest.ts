/** The file beside an exported disk, as somebody may have chosen it. */
import type { Body } from '../api/client.ts'

export type Manifest = Body<'post', '/api/snapshots/import/'>['manifest']

/**
 * What stands in it, or why it is none. Whoever kept the whole answer of the export has the manifest in it.
 * The server checks every field; here only what tells a wrong file from a right one.
 */
export function manifestOf(text: string): Manifest | string {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch {
    return 'This is no manifest: it is not JSON. Choose the .json file that was exported beside the disk.'
  }
  const found = field(field(said, 'export'), 'manifest') ?? field(said, 'manifest') ?? said
  if (field(found, 'format') !== 'garrison-snapshot') {
    return 'This is JSON, but no manifest of a snapshot. Choose the .json file that was exported beside the disk.'
  }
  const files = field(found, 'files')
  if (!Array.isArray(files) || files.length !== 1 || typeof files[0]?.size_bytes !== 'number') {
    return 'This manifest names no disk. Export the snapshot again.'
  }
  return found as Manifest
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
