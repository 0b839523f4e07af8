/** Control groups of this host, as root. */
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ensureCgroup, removeCgroup } from './cgroups.ts'

const mark = randomBytes(3).toString('hex')
const machine = randomUUID()
const limits = { vcpus: 2, memoryMib: 256 }
const probe = process.getuid?.() === 0 ? await ensureCgroup(mark, machine, limits) : null
if (probe !== null) await removeCgroup(mark, machine)

describe.skipIf(probe === null)('a control group', () => {
  test('takes a process in, keeps it through a second call, and goes after it has ended', async () => {
    const child = spawn('sleep', ['60'])
    await once(child, 'spawn')
    const group = async () =>
      (await readFile(`/proc/${child.pid}/cgroup`, 'utf8')).includes(`/garrison-${mark}/${machine}`)

    await (await ensureCgroup(mark, machine, limits))?.attach(child.pid ?? 0)
    expect(await group()).toBe(true)
    await ensureCgroup(mark, machine, { ...limits, vcpus: 3 })
    expect(await group()).toBe(true)

    child.kill('SIGKILL')
    await once(child, 'exit')
    await removeCgroup(mark, machine)
    await removeCgroup(mark, machine)
    expect(await traces()).toEqual([])
  })
})

/** In either version's usual place. */
async function traces(): Promise<string[]> {
  const root = '/sys/fs/cgroup'
  const folders = [root, ...(await readdir(root)).map((name) => join(root, name))]
  const names = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))
  return names.flat().filter((name) => name.includes(mark))
}
