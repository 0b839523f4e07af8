/** The folder that PostgreSQL keeps its data in: made whole or not at all. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, chown } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { giveTree, handOver } from './ownership.ts'
import { placeFolder, removeUnfinished } from './place-folder.ts'
import { type Programs, runProgram } from './programs.ts'
import { explain } from './server-log.ts'

export const superuser = 'garrison'

/** The major version that made the data; null when there are none. */
export function versionOfData(dataDir: string): number | null {
  const file = join(dataDir, 'PG_VERSION')
  return existsSync(file) ? Number(readFileSync(file, 'utf8').trim()) : null
}

/** Runs initdb unless that was done, and gives everything to who will run the server. */
export async function ensureDataFolder(dataDir: string, programs: Programs): Promise<void> {
  if (versionOfData(dataDir) === null) await makeData(dataDir, programs)
  else await removeUnfinished(dataDir)
  await handOver(dirname(dataDir), programs.way.owner)
}

async function makeData(dataDir: string, programs: Programs) {
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
    throw new Error(`${dataDir} is not empty and holds no database; move it away, and start again`)
  }
  const dir = dirname(dataDir)
  const { founder, owner } = programs.way
  await placeFolder(dataDir, async (unfinished) => {
    if (founder.uid !== owner.uid) {
      await chmod(dir, 0o711)
      await chown(unfinished, founder.uid, founder.gid)
    }
    const { status, output } = await runProgram(
      programs.initdb(initdbArguments(unfinished, programs)),
    )
    if (status !== 0) throw explain('PostgreSQL cannot make its files', output, dataDir)
    await giveTree(unfinished, owner)
  })
  await chmod(dir, 0o700)
}

function initdbArguments(folder: string, { major }: Programs): string[] {
  // The same order of text everywhere, that of code points, and upper and lower case of all letters.
  const locale =
    major >= 17
      ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
      : ['--locale=C.UTF-8']
  return [
    `--pgdata=${folder}`,
    `--username=${superuser}`,
    '--encoding=UTF8',
    ...locale,
    // Whoever may enter the socket's folder is who owns the data.
    '--auth=trust',
    '--data-checksums',
    '--no-instructions',
  ]
}
