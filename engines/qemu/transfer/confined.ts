/**
 * Programs that read what somebody made: as a user of its own, without network and privileges, with
 * limits, and never longer than the process that started it.
 */
import { spawn } from 'node:child_process'
import { EngineError } from '../../engine.ts'
import type { Owner } from '../disks/layers.ts'

export type Confinement = {
  /** Its files are all that it can read or write besides what everybody can. */
  readonly owner: Owner
  /** The largest file that it may write; none when left out. */
  readonly writesBytes?: number
  readonly signal: AbortSignal
}

/** Measured: converting takes 0.3 GB of addresses, and does not grow with the disk. */
const MEMORY_BYTES = 2 * 1024 ** 3
/** Of one processor. A terabyte takes less, also compressed. */
const CPU_SECONDS = 6 * 3600
const OPEN_FILES = 1024
const COMPLAINT_BYTES = 4096
const OUTPUT_BYTES = 1024 * 1024

/** Answers what it printed. Throws {@link EngineError} with what it complained about. */
export async function runConfined(
  command: string,
  args: readonly string[],
  { owner, writesBytes = 0, signal }: Confinement,
): Promise<string> {
  signal.throwIfAborted()
  const child = spawn(
    'unshare',
    [
      ...['--net', '--ipc', '--'],
      ...['prlimit', `--as=${MEMORY_BYTES}`, `--cpu=${CPU_SECONDS}`, `--nofile=${OPEN_FILES}`],
      ...[`--fsize=${Math.ceil(writesBytes)}`, '--core=0', '--'],
      ...['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'],
      ...['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--pdeathsig=KILL', '--'],
      ...['nice', '-n', '10', command, ...args],
    ],
    {
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const output = collect(child.stdout, OUTPUT_BYTES)
  const complaints = collect(child.stderr, COMPLAINT_BYTES)
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  try {
    const ended = Promise.withResolvers<string | null>()
    child.on('error', (error) => ended.resolve(error.message))
    child.on('close', (code, by) =>
      ended.resolve(code === 0 ? null : by === null ? `exit code ${code}` : `killed by ${by}`),
    )
    const failure = await ended.promise
    signal.throwIfAborted()
    if (failure === null) return output()
    throw new ConfinedFailure(`${command} failed (${failure}): ${complaints().trim()}`)
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

/** The message has paths of this host: not for those who sent the file. */
export class ConfinedFailure extends EngineError {
  override name = 'ConfinedFailure'
}

function collect(stream: NodeJS.ReadableStream, mostBytes: number): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    if (bytes < mostBytes) chunks.push(chunk)
    bytes += chunk.length
  })
  return () => Buffer.concat(chunks).toString().slice(0, mostBytes)
}

/** In hexadecimal, of a file that the owner may read. */
export async function sha256Of(path: string, confinement: Confinement): Promise<string> {
  const printed = await runConfined('sha256sum', ['--binary', '--', path], confinement)
  return printed.slice(0, 64)
}
