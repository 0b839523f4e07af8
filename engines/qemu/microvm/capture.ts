/**
 * A machine's memory and devices as two files, while it stands still for a moment. What it has not changed
 * is in the file that it began with, so that is copied before; then it stops, and only what is its own follows.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { EngineError } from '../../engine.ts'
import { requireFreeSpace } from '../disks/free-space.ts'
import { run } from '../network/run.ts'
import { syncPath } from '../records/durable-files.ts'
import type { AgentLine } from './agent/line.ts'
import type { Keeper } from './given.ts'
import type { LiveMicrovm } from './live.ts'
import { isItsDoing } from './wake.ts'

export type CaptureFiles = {
  /** Program that copies what a process has changed; see host-tool.c. */
  readonly tool: string
  /** Memory that it began with, and where to copy it. */
  readonly from: string
  readonly ram: string
  /** Where QEMU may write, and where it is to be. */
  readonly stateOut: string
  readonly state: string
  /** Group that may read them; `null`: everybody. */
  readonly gid: number | null
}

export type Captured = {
  readonly pages: number
  readonly pausedMs: number
  readonly sizeBytes: number
  /** Whether what it was given at start, and was to be without, is in it all the same. */
  readonly holdsEnv: boolean
}

const HOLD_MS = 2_000
/** For an agent to say that it is there at all, where nobody needs it to be. */
const ANSWER_MS = 5_000
/** Interpreters are asked as well, and a host may be busy. */
const FORGET_MS = 20_000

/**
 * @param still What else is to happen while it stands still.
 * @param goesOn Whether it runs afterwards. When something fails it does.
 * @param keep For what it was given at start, which is left out. `null`: it was given nothing, and a guest that
 *   does not answer is captured all the same. So is any that is to stand still, or it would run for as long as it
 *   likes; see {@link Captured.holdsEnv}.
 */
export async function capture(
  live: LiveMicrovm,
  files: CaptureFiles,
  still: () => Promise<void>,
  { goesOn, keep }: { readonly goesOn: boolean; readonly keep: Keeper | null },
): Promise<Captured> {
  await rm(files.ram, { force: true })
  // All of it may have been changed since.
  await requireFreeSpace(dirname(files.ram), (await stat(files.from)).size)
  await run('cp', ['--reflink=auto', '--sparse=auto', files.from, files.ram])
  await truncate(files.stateOut, 0)
  const copying = await Copying.begin(files, live.process.pid)
  let letGo: (() => void) | undefined
  let pausedAt = 0
  try {
    using lines = live.holdLines()
    const held = await holdLine(lines, keep, goesOn)
    letGo = held.letGo
    pausedAt = performance.now()
    await live.pause()
    // On another line it has been given back what it was to be without.
    const holdsEnv = keep !== null && !(held.isWithout && held.line?.isOpen)
    if (holdsEnv && goesOn)
      throw new EngineError('The line to the machine was lost; ask again', { retryable: true })
    await allOf([copying.go(), live.saveState(files.stateOut), still()])
    if (goesOn) await live.resume()
    const pausedMs = performance.now() - pausedAt
    const pages = await copying.written()
    await publish(files)
    const { blocks } = await stat(files.ram)
    return { pages, pausedMs, sizeBytes: blocks * 512, holdsEnv }
  } catch (error) {
    copying.cancel()
    if (pausedAt > 0) await live.resume().catch(() => {})
    await rm(files.ram, { force: true })
    throw error
  } finally {
    letGo?.()
  }
}

/** Throws the first failure when nothing is under way any more. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

type HeldLine = {
  /** `null`: it has none, so nothing is half said either. */
  readonly line: AgentLine | null
  readonly letGo: (() => void) | undefined
  /** Of what it was given at start. */
  readonly isWithout: boolean
}

/** Throws what the guest did wrong when it must be without what it was given, and is not. */
async function holdLine(
  live: Pick<LiveMicrovm, 'guest'>,
  keep: Keeper | null,
  mustBeWithout: boolean,
): Promise<HeldLine> {
  if (keep !== null) {
    try {
      const { line } = await live.guest()
      if (!mustBeWithout) await line.ping(ANSWER_MS)
      return { line, letGo: await line.holdWithoutSecrets(FORGET_MS, keep), isWithout: true }
    } catch (error) {
      if (mustBeWithout || !isItsDoing(error)) throw error
    }
  }
  const guest = await live.guest().catch(() => null)
  const line = guest?.line ?? null
  return { line, letGo: await line?.hold(HOLD_MS), isWithout: false }
}

/** Only root writes to them from here on. */
async function publish({ ram, state, stateOut, gid }: CaptureFiles): Promise<void> {
  const mode = gid === null ? 0o444 : 0o440
  await run('cp', ['--sparse=never', stateOut, `${state}.tmp`])
  for (const path of [ram, `${state}.tmp`]) {
    await chown(path, 0, gid ?? 0)
    await chmod(path, mode)
  }
  await rename(`${state}.tmp`, state)
}

/** Memory is large; it is made safe from a power failure behind the back of whoever waits. */
export async function makeSafe(files: readonly string[]): Promise<void> {
  for (const file of files) await syncPath(file)
}

/** A file that is nothing but zeros, and takes no room. */
export async function emptyMemory(path: string, memoryMib: number): Promise<void> {
  try {
    await stat(path)
  } catch {
    await writeFile(`${path}.tmp`, '', { mode: 0o444 })
    await truncate(`${path}.tmp`, memoryMib * 2 ** 20)
    await rename(`${path}.tmp`, path)
  }
}

/** Started before the machine stops, so that it only has to be told to begin. */
class Copying {
  readonly #child: ChildProcess
  readonly #complaints: Promise<string>
  readonly #answer: Promise<string>
  readonly #taken = Promise.withResolvers<void>()

  static async begin(files: CaptureFiles, pid: number): Promise<Copying> {
    const child = spawn(files.tool, ['pages', String(pid), files.from, files.ram], {
      stdio: 'pipe',
    })
    const copying = new Copying(child)
    await Promise.race([once(child.stdout, 'data'), once(child, 'close')])
    if (child.exitCode !== null) throw new EngineError(await copying.#words())
    return copying
  }

  private constructor(child: ReturnType<typeof spawn>) {
    this.#child = child
    this.#complaints = child.stderr === null ? Promise.resolve('') : text(child.stderr)
    const said: Buffer[] = []
    child.stdout?.on('data', (bytes: Buffer) => {
      said.push(bytes)
      if (bytes.includes('taken')) this.#taken.resolve()
    })
    child.stdin?.on('error', () => {})
    this.#answer = once(child, 'close').then(() => Buffer.concat(said).toString())
    this.#answer.catch(() => {})
  }

  /** Everything was taken when this answers, and the machine may go on. */
  async go(): Promise<void> {
    this.#child.stdin?.end('g')
    await Promise.race([this.#taken.promise, this.#answer])
  }

  /** Answers how many pages it were. */
  async written(): Promise<number> {
    const answer = await this.#answer
    const pages = /(\d+)\n$/.exec(answer)?.[1]
    if (this.#child.exitCode === 0 && pages !== undefined) return Number(pages)
    throw new EngineError(await this.#words())
  }

  cancel(): void {
    this.#child.kill('SIGKILL')
  }

  async #words(): Promise<string> {
    return `The machine's memory cannot be read: ${(await this.#complaints).trim()}`
  }
}
