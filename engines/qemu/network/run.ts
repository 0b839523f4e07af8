/** Runs the host's own tools: `ip`, `nft`, `dnsmasq`. */
import { spawn } from 'node:child_process'
import { EngineError } from '../../engine.ts'

/** Root's PATH has no `sbin` where somebody became root by `su`; messages are parsed, so no locale. */
const ENVIRONMENT = {
  PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`,
  LC_ALL: 'C',
}

/** Nothing here takes long; what does hangs. */
const LIMIT_MS = 30_000

/**
 * Answers what the command printed. Throws {@link EngineError} with the command line and what it
 * complained about.
 */
export async function run(command: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(command, args, { env: ENVIRONMENT, stdio: 'pipe', timeout: LIMIT_MS })
  const output: Buffer[] = []
  const complaints: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
  // A command that ends without having read its input says why by itself.
  child.stdin.on('error', () => {})
  child.stdin.end(input)

  const ended = Promise.withResolvers<string | null>()
  child.on('error', (error) => ended.resolve(error.message))
  child.on('close', (code, signal) =>
    ended.resolve(
      code === 0 ? null : signal === null ? `exit code ${code}` : `killed by ${signal}`,
    ),
  )
  const failure = await ended.promise
  if (failure === null) return Buffer.concat(output).toString()

  const stderr = Buffer.concat(complaints).toString().trim()
  throw new EngineError(
    [`\`${[command, ...args].join(' ')}\` failed (${failure})`, stderr, blamedLine(stderr, input)]
      .filter((part) => part !== '')
      .join(': '),
  )
}

/** `ip -batch` names only the number of the line that it failed at. */
function blamedLine(stderr: string, input: string): string {
  const number = /^Command failed -:(\d+)$/m.exec(stderr)?.[1]
  return (number !== undefined && input.split('\n')[Number(number) - 1]) || ''
}

/** Where a command is, or `null`. */
export async function whichCommand(command: string): Promise<string | null> {
  try {
    return (await run('sh', ['-c', 'command -v "$1"', 'sh', command])).trim()
  } catch {
    return null
  }
}
