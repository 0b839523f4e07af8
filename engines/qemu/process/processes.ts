/**
 * QEMU processes, seen from outside. They outlive this program, so which one belongs to which machine is
 * found by looking at the host and not by remembering pids: a pid alone may have become a stranger's.
 */
import { open, readdir, readFile } from 'node:fs/promises'
import { EngineError } from '../../engine.ts'
import { isMissing } from '../records/durable-files.ts'
import { processName } from './arguments.ts'

/** More than QEMU is ever started with. A process shows as its arguments whatever it likes, of any length. */
const MAX_ARGUMENTS_BYTES = 64 * 1024

/** A pid and when it began, in clock ticks since the host booted: together they never come again. */
export type Process = { readonly pid: number; readonly startTime: string }

export type FoundProcess = Process & { readonly machine: string; readonly uid: number }

type NamedProcess = Process & { readonly name: string; readonly uid: number }

/** All processes whose arguments say that they are machines of this installation. */
export async function findMachineProcesses(mark: string): Promise<FoundProcess[]> {
  const prefix = processName(mark, '')
  const found = await findProcesses(prefix)
  return found.map(({ name, ...process }) => ({ ...process, machine: name.slice(prefix.length) }))
}

/** All processes of QEMU whose name begins so. */
export async function findProcesses(prefix: string): Promise<NamedProcess[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number)
  const found = await Promise.all(pids.map((pid) => namedProcess(pid, prefix)))
  return found.filter((process) => process !== null)
}

async function namedProcess(pid: number, prefix: string): Promise<NamedProcess | null> {
  const args = (await readProc(pid, 'cmdline', readArguments))?.split('\0')
  const name = args?.[args.indexOf('-name') + 1]?.split(',')[0]
  if (name === undefined || !name.startsWith(prefix)) return null

  const uid = /^Uid:\t(\d+)/m.exec((await readProc(pid, 'status')) ?? '')?.[1]
  const process = await lookAt(pid)
  if (uid === undefined || process === null) return null
  return { ...process, name, uid: Number(uid) }
}

/** The process of this pid, or `null` when there is none, or only its exit status. */
export async function lookAt(pid: number): Promise<Process | null> {
  const stat = await readProc(pid, 'stat')
  // The second field is the name in parentheses and may hold anything, so count from behind it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startTime] = [fields?.[0], fields?.[19]]
  if (startTime === undefined || state === 'Z' || state === 'X') return null
  return { pid, startTime }
}

export async function isAlive(process: Process): Promise<boolean> {
  return (await lookAt(process.pid))?.startTime === process.startTime
}

/** Kills it, and nobody else, and waits until it is gone. */
export async function killAndWait(victim: Process): Promise<void> {
  if (await isAlive(victim)) {
    try {
      process.kill(victim.pid, 'SIGKILL')
    } catch {
      // It ended by itself since we looked.
    }
  }
  if (await isGoneWithin(victim, 10_000)) return
  throw new EngineError(
    `Process ${victim.pid} does not end although it was killed; it is stuck in the host's kernel, see dmesg`,
    { retryable: true },
  )
}

/** There is no event for the end of a process that is not our child, so this looks again and again. */
export async function isGoneWithin(process: Process, ms: number): Promise<boolean> {
  const end = performance.now() + ms
  for (let delay = 2; await isAlive(process); delay = Math.min(delay * 2, 50)) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, delay))
  }
  return true
}

async function readArguments(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MAX_ARGUMENTS_BYTES) })
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

async function readProc(
  pid: number,
  file: string,
  read = (path: string) => readFile(path, 'utf8'),
): Promise<string | null> {
  try {
    return await read(`/proc/${pid}/${file}`)
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'ESRCH'))
      return null
    throw error
  }
}
