/** Those that wait and those that build carry other names than machines of people's. */
export function processName(mark: string, slot: string): string {
  return slot.replace(/^(pool|build)-/, `garrison-$1-${mark}-`)
}

/** With which the names of all of an installation begin. */
export const processPrefixes = (mark: string) =>
  ['pool', 'build'].map((purpose) => `garrison-${purpose}-${mark}-`)

/** The place of a process. */
export const slotOf = (process: string, mark: string) =>
  process.replace(new RegExp(`^garrison-(pool|build)-${mark}-`), '$1-')
