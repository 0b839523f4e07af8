/**
 * Layers, and files of kept memory, that nothing points to when the engine starts. That is what a killed process leaves behind, and
 * also what is found when somebody has brought back older records, or has lost some: then they are all
 * that is left of somebody's data. So they are kept for a day, by the clock of the first start that found
 * them, and a start with the right records in place finds that they are none.
 */
import { z } from 'zod'
import { readIfThere, writeDurably } from '../records/durable-files.ts'

const GRACE_MS = 24 * 3600 * 1000

/** Name of a layer, or path of a file → milliseconds since 1970. */
const Since = z.record(z.string(), z.number())

export class Strays {
  readonly #path: string
  #since: Record<string, number> = {}

  constructor(path: string) {
    this.#path = path
  }

  /** At the start: `found` is all that nothing points to. Answers how many of them are kept. */
  async notice(found: readonly string[], now = Date.now()): Promise<number> {
    const known = await this.#read()
    this.#since = Object.fromEntries(found.map((name) => [name, known[name] ?? now]))
    if (found.length > 0 || Object.keys(known).length > 0)
      await writeDurably(this.#path, `${JSON.stringify(this.#since, null, 2)}\n`)
    return this.kept(now).length
  }

  /** Those whose day is not over. */
  kept(now = Date.now()): string[] {
    return Object.entries(this.#since)
      .filter(([, since]) => now - since < GRACE_MS)
      .map(([name]) => name)
  }

  /** One that cannot be read is as if it had never been: everything gets its day once more. */
  async #read(): Promise<Record<string, number>> {
    try {
      return Since.parse(JSON.parse((await readIfThere(this.#path)) ?? '{}'))
    } catch {
      return {}
    }
  }
}
