/** Takes off the host what an engine put there outside its data folder, with all machines that still run. */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { removeCgroup } from './host/cgroups.ts'
import { destroyMicrovms } from './microvm/destroy.ts'
import { Networks } from './network/networks.ts'
import { isUuid, type Paths, pathsOf } from './paths.ts'
import { findMachineProcesses, killAndWait } from './process/processes.ts'
import { readFolderIfThere } from './records/durable-files.ts'

export async function destroyQemu({
  dataDir,
  mark,
}: {
  dataDir: string
  mark: string
}): Promise<void> {
  const paths = pathsOf(dataDir, mark)
  await destroyMachines(mark, paths)
  // Its folder comes before the first thing on the host and goes after the last. Where it never was, as
  // without root, there is nothing to take off, and perhaps no tool to do it with.
  if (existsSync(paths.networks)) {
    await destroyMicrovms(mark)
    await new Networks({ dir: paths.networks, mark, log: () => {} }).destroy()
  }
  await rm(paths.run, { recursive: true, force: true })
}

async function destroyMachines(mark: string, paths: Paths): Promise<void> {
  const processes = await findMachineProcesses(mark)
  for (const process of processes) await killAndWait(process)
  // Also of those whose process ended before, if whoever ended them did not come this far.
  const machines = [
    ...processes.map(({ machine }) => machine),
    ...(await readFolderIfThere(paths.machines)),
  ]
  for (const machine of new Set(machines.filter(isUuid))) await removeCgroup(mark, machine)
}
