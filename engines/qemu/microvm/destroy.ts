/** Takes off the host what microVMs have there outside the data folder. */
import { rm } from 'node:fs/promises'
import { removeCgroup } from '../host/cgroups.ts'
import { run } from '../network/run.ts'
import { findProcesses, killAndWait } from '../process/processes.ts'
import { readFolderIfThere } from '../records/durable-files.ts'
import { numberIn } from './layout.ts'
import { microvmPathsOf } from './paths.ts'
import { processPrefixes } from './process-name.ts'

export async function destroyMicrovms(mark: string): Promise<void> {
  for (const prefix of processPrefixes(mark))
    for (const process of await findProcesses(prefix)) await killAndWait(process)
  for (const netns of await readFolderIfThere('/run/netns')) {
    if (numberIn(netns, mark) === null) continue
    const pids = await run('ip', ['netns', 'pids', netns])
    for (const pid of pids.split('\n').filter(Boolean)) endIfThere(Number(pid))
    await run('ip', ['netns', 'delete', netns])
  }
  const { run: folders } = microvmPathsOf('/', mark)
  for (const slot of await readFolderIfThere(folders)) await removeCgroup(mark, slot)
  await rm(folders, { recursive: true, force: true })
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended since we looked.
  }
}
