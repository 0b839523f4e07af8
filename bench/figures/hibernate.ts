/**
 * Hibernation and back, by how much the guest has in memory. It is filled with what does not compress, in
 * a file of a memory file system; the floor is what the host's disk takes to hold as much safely.
 */
import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Api } from '../api.ts'
import { type Door, type KeyPair, ssh } from '../ssh.ts'
import { summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

/** MiB in use beyond what an idle guest has. `cpu-small` has 1024 in all. */
const filledMib = [0, 256, 512] as const
const mib = 1024 ** 2

export async function measureHibernate(
  api: Api,
  given: { instanceId: string; door: Door; key: KeyPair; folder: string; rounds: number },
): Promise<Measured[]> {
  const rows: Measured[] = []
  for (const size of filledMib) rows.push(...(await measureAt(size, api, given)))
  return rows
}

async function measureAt(
  size: number,
  api: Api,
  { instanceId, door, key, folder, rounds }: Parameters<typeof measureHibernate>[1],
): Promise<Measured[]> {
  const fill = `rm -f /dev/shm/fill; mount -o remount,size=90% /dev/shm; dd if=/dev/urandom of=/dev/shm/fill bs=1M count=${size} 2> /dev/null`
  await ssh(door, key, fill)
  const [asleep, awake, floors]: [number[], number[], number[]] = [[], [], []]
  const timed = async (action: 'hibernate' | 'restore', status: 'HIBERNATED' | 'ACTIVE') => {
    const started = performance.now()
    await api.request('POST', `/api/instances/${instanceId}/${action}/`)
    await api.untilInstance(instanceId, status)
    return performance.now() - started
  }
  for (let round = 0; round < rounds; round++) {
    floors.push(await writeSafely(join(folder, 'floor'), size))
    asleep.push(await timed('hibernate', 'HIBERNATED'))
    awake.push(await timed('restore', 'ACTIVE'))
  }
  await ssh(door, key, 'rm -f /dev/shm/fill')
  const what = `writing ${size} MiB to this disk, with fsync`
  const floor = size === 0 ? null : { ...summarize(floors), what }
  return [
    { figure: `hibernate, ${size} MiB in use`, unit: 'ms', value: summarize(asleep), floor },
    { figure: `restore, ${size} MiB in use`, unit: 'ms', value: summarize(awake), floor: null },
  ]
}

/** Milliseconds that it takes. */
async function writeSafely(path: string, size: number): Promise<number> {
  const block = randomBytes(mib)
  const started = performance.now()
  const file = await open(path, 'w')
  try {
    for (let written = 0; written < size; written++) await file.write(block)
    await file.sync()
  } finally {
    await file.close()
  }
  const ms = performance.now() - started
  await rm(path)
  return ms
}
