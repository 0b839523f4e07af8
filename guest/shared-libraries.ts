/** Which shared libraries programs of another system need, asked of that system's own loader. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './host-tools.ts'

const LIBRARY_FOLDERS = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu']
const LOADER = 'ld-linux-x86-64.so.2'

export class Loader {
  readonly #path: string
  readonly #folders: readonly string[]

  /** @param packages Folders of unpacked packages, the C library's among them. */
  constructor(packages: readonly string[]) {
    this.#folders = packages
      .flatMap((root) => LIBRARY_FOLDERS.map((folder) => join(root, folder)))
      .filter((folder) => existsSync(folder))
    const loader = this.#folders.map((folder) => join(folder, LOADER)).find(existsSync)
    if (loader === undefined) throw new Error(`No ${LOADER} in ${packages.join(', ')}`)
    this.#path = loader
  }

  /** Runs a program with the libraries of the packages. */
  run(program: string, ...args: string[]): Promise<string> {
    return run(this.#path, ['--library-path', this.#folders.join(':'), program, ...args])
  }

  /**
   * Paths of the libraries that a program needs, the loader included.
   * @throws When a library is in none of the packages.
   */
  async librariesOf(program: string): Promise<string[]> {
    const path = this.#folders.join(':')
    const listed = await run(this.#path, ['--library-path', path, '--list', program])
    const { found, foreign } = sortLibraries(listed, this.#folders)
    if (foreign.length > 0) {
      throw new Error(
        `${program} needs libraries of no package in the recipe: ${foreign.join(', ')}`,
      )
    }
    return [this.#path, ...found]
  }
}

/**
 * Out of what `ld.so --list` prints: paths inside the folders, and names found elsewhere on the host or
 * not at all.
 */
export function sortLibraries(listed: string, folders: readonly string[]) {
  const found: string[] = []
  const foreign: string[] = []
  for (const [, name = '', place = ''] of listed.matchAll(/^\s*(\S+) => (.+?)(?: \(0x\w+\))?$/gm)) {
    if (name.endsWith(LOADER)) continue
    if (folders.some((folder) => place.startsWith(`${folder}/`))) found.push(place)
    else foreign.push(name)
  }
  return { found, foreign }
}
