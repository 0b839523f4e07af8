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
  /** None when left out. `resolver`: a file that it finds in place of `/etc/resolv.conf`. */
  readonly network?: 'host' | { readonly netns: string; readonly resolver: string }
  /** Path of a user namespace in which it is root, and whose first user `owner` is. */
  readonly rootIn?: string
  /** Of addresses; programs in Go reserve much that they never use. */
  readonly memoryBytes?: number
  readonly env?: Readonly<Record<string, string>>
}

/** Measured: converting takes 0.3 GB of addresses, and does not grow with the disk. */
const MEMORY_BYTES = 2 * 1024 ** 3
/** Of one processor. A terabyte takes less, also compressed. */
const CPU_SECONDS = 6 * 3600
const OPEN_FILES = 1024
/** What it takes to lay out files of many users. */
const ROOT_IN_NAMESPACE = '+chown,+dac_override,+fowner,+fsetid,+setfcap'
const COMPLAINT_BYTES = 4096
const OUTPUT_BYTES = 1024 * 1024

/** Answers what it printed. Throws {@link EngineError} with what it complained about. */
export async function runConfined(
  command: string,
  args: readonly string[],
  confinement: Confinement,
): Promise<string> {
  const { owner, rootIn, writesBytes = 0, memoryBytes = MEMORY_BYTES, signal } = confinement
  signal.throwIfAborted()
  const user =
    rootIn === undefined
      ? [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', '--bounding-set=-all']
      : [`--bounding-set=-all,${ROOT_IN_NAMESPACE}`]
  const [program = '', ...before] = [
    ...(rootIn === undefined ? [] : ['nsenter', `--user=${rootIn}`, '--']),
    ...placeOf(confinement),
  ]
  const child = spawn(
    program,
    [
      ...before,
      ...['prlimit', `--as=${memoryBytes}`, `--cpu=${CPU_SECONDS}`, `--nofile=${OPEN_FILES}`],
      ...[`--fsize=${Math.ceil(writesBytes)}`, '--core=0', '--'],
      ...['setpriv', ...user, '--no-new-privs', '--inh-caps=-all', '--pdeathsig=KILL', '--'],
      ...['nice', '-n', '10', command, ...args],
    ],
    {
      cwd: '/',
      env: {
        ...{ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
        ...confinement.env,
      },
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

/** The command before it that puts it where it sees no more than it should. */
function placeOf({ network }: Confinement): string[] {
  if (network === undefined) return ['unshare', '--net', '--ipc', '--']
  if (network === 'host') return ['unshare', '--ipc', '--']
  const bind = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
  return [
    ...['nsenter', `--net=/run/netns/${network.netns}`, '--'],
    ...['unshare', '--ipc', '--mount', '--', 'sh', '-c', bind, 'sh', network.resolver],
  ]
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
