/** Takes off the host what an engine put there outside its data folder; its machines must be gone. */
import { rm } from 'node:fs/promises'
import { Networks } from './network/networks.ts'
import { pathsOf } from './paths.ts'

export async function destroyQemu({
  dataDir,
  mark,
}: {
  dataDir: string
  mark: string
}): Promise<void> {
  const paths = pathsOf(dataDir, mark)
  await new Networks({ dir: paths.networks, mark, log: () => {} }).destroy()
  await rm(paths.run, { recursive: true, force: true })
}
