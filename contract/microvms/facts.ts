/** What more than the schemas goes by. Plain values, so that nothing of the schemas gets into a browser. */

/** Of one body; larger things are fetched from inside the machine. */
export const maximumUploadBytes = 64 * 1024 * 1024

/**
 * Of errors, whose bodies are a sentence: the code that the other API has for the same. By it clients tell a
 * rate limit, which came before anything happened, from a start that found no room, as both are 429.
 */
export const errorCodeHeader = 'Garrison-Error-Code'

/** Machines have ids only; people give them a name among the metadata. */
export const nameKey = 'name'

/** As people call it: the name among its metadata, and its id without one. */
export function vmName(vm: { metadata: Record<string, unknown>; vm_id: string }): string {
  const name = vm.metadata[nameKey]
  return typeof name === 'string' && name.trim() !== '' ? name.slice(0, 100) : vm.vm_id
}
