/** Kept memory that no record speaks of; see ../disks/strays.ts. */
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isUuid, MEMORY_FILE, MEMORY_SUFFIX, type Paths } from '../paths.ts'
import { readFolderIfThere } from '../records/durable-files.ts'
import type { Store } from '../records/store.ts'

/** Paths in the data folder, of snapshots and of machines. */
export async function strayMemories(
  paths: Paths,
  { snapshots, machines }: Pick<Store, 'snapshots' | 'machines'>,
): Promise<string[]> {
  const ofSnapshots = (await readdir(paths.snapshots)).filter((file) => {
    const id = file.endsWith(MEMORY_SUFFIX) ? basename(file, MEMORY_SUFFIX) : null
    return id !== null && !snapshots.get(id)?.memory
  })
  const ofMachines: string[] = []
  for (const id of await readdir(paths.machines)) {
    if (!isUuid(id) || machines.get(id) !== undefined) continue
    if ((await readFolderIfThere(paths.machineFolder(id))).includes(MEMORY_FILE))
      ofMachines.push(id)
  }
  return [
    ...ofSnapshots.map((file) => join('snapshots', file)),
    ...ofMachines.map((id) => join('machines', id, MEMORY_FILE)),
  ]
}

/** A machine's goes with all that is left of it. */
export async function removeStrayMemory(paths: Paths, file: string): Promise<void> {
  const path = join(paths.data, file)
  const gone = basename(file) === MEMORY_FILE ? dirname(path) : path
  await rm(gone, { recursive: true, force: true })
}
