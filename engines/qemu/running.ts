/** What runs of an installation, as the host shows it: no engine has to be open, nor a database. */
import { join } from 'node:path'
import { microvmPathsOf } from './microvm/paths.ts'
import { processName, processPrefixes } from './microvm/process-name.ts'
import { MicrovmRecord } from './microvm/records.ts'
import { isUuid } from './paths.ts'
import { findMachineProcesses, findProcesses } from './process/processes.ts'
import { readFolderIfThere, readIfThere } from './records/durable-files.ts'

/** Machines and microVMs with a process. Throws where this user may not read the data folder. */
export async function countRunning({
  dataDir,
  mark,
}: {
  dataDir: string
  mark: string
}): Promise<{ machines: number; microvms: number }> {
  const machines = (await findMachineProcesses(mark)).filter(({ machine }) => isUuid(machine))
  return { machines: machines.length, microvms: await countMicrovms(dataDir, mark) }
}

/** A process that waits in the pool is nobody's; the record of a microVM says which is its own. */
async function countMicrovms(dataDir: string, mark: string): Promise<number> {
  const found = await Promise.all(processPrefixes(mark).map(findProcesses))
  const users = new Map(found.flat().map(({ name, uid }) => [name, uid]))
  if (users.size === 0) return 0
  const { machines } = microvmPathsOf(dataDir, mark)
  const files = (await readFolderIfThere(machines)).filter((name) => name.endsWith('.json'))
  const running = await Promise.all(
    files.map(async (file) => {
      const text = await readIfThere(join(machines, file))
      // A power failure may leave one empty.
      if (!text) return false
      const { slot, suspended } = MicrovmRecord.parse(JSON.parse(text))
      return slot !== null && !suspended && users.get(processName(mark, slot.name)) === slot.uid
    }),
  )
  return running.filter(Boolean).length
}
