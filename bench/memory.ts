/** Memory of processes, as the kernel counts it. */
import { readdir, readFile, readlink } from 'node:fs/promises'

/**
 * What would become free if these processes ended, in MB: pages that several processes share are divided
 * among them, or a database's shared buffers would be counted once for each of its processes.
 */
export async function residentMb(pids: readonly number[]): Promise<number> {
  const kilobytes = await Promise.all(
    pids.map(async (pid) => {
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
      return Number(/^Pss: +(\d+) kB/m.exec(rollup)?.[1])
    }),
  )
  return (kilobytes.reduce((sum, each) => sum + each, 0) * 1_024) / 1e6
}

/** Processes that work in this folder or below, as each of PostgreSQL's does in the database's. */
export async function processesIn(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const place = await readlink(`/proc/${pid}/cwd`).catch(() => '')
      return place === folder || place.startsWith(`${folder}/`) ? [Number(pid)] : []
    }),
  )
  return found.flat()
}
