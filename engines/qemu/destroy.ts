/** Takes off the host what an engine put there outside its data folder; its machines must be gone. */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { destroyMicrovms } from './microvm/destroy.ts'
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
  // Its folder comes before the first thing on the host and goes after the last. Where it never was, as
  // without root, there is nothing to take off, and perhaps no tool to do it with.
  if (existsSync(paths.networks)) {
    await destroyMicrovms(mark)
    await new Networks({ dir: paths.networks, mark, log: () => {} }).destroy()
  }
  await rm(paths.run, { recursive: true, force: true })
}
