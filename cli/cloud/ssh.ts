/** The `ssh` of this computer, with the terminal of whoever called us. */
import { spawn } from 'node:child_process'
import type { ExitCode } from '../commands/context.ts'
import { Failure } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

export const acceptNewOption = [
  '--accept-new',
  'take a host key that is not known yet; one that has changed is still refused',
] as const

type How = {
  /** The whole command, for whoever has no `ssh` here. */
  readonly elsewhere: string
  readonly acceptNew?: boolean | undefined
}

/**
 * Answers the exit code of what was run there; 255 is `ssh`'s own trouble, about which it has said something.
 */
export async function runSsh(
  terminal: Terminal,
  args: readonly string[],
  { elsewhere, acceptNew = false }: How,
): Promise<ExitCode> {
  const trust = acceptNew ? ['-o', 'StrictHostKeyChecking=accept-new'] : []
  const child = spawn('ssh', [...trust, ...args], { stdio: 'inherit' })
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', () =>
      reject(
        new Failure('There is no ssh on this computer', {
          advice: [`Run elsewhere: ${elsewhere}`],
        }),
      ),
    )
    child.once('exit', (exit) => resolve(exit ?? 1))
  })
  if (code === 255 && !acceptNew && !terminal.interactive) {
    terminal.note(
      'Was it the host key? Nobody is here to be asked; --accept-new takes one that is not known yet.',
    )
  }
  return code as ExitCode
}
