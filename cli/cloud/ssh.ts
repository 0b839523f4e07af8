/** The `ssh` of this computer, with the terminal of whoever called us. */
import { spawn } from 'node:child_process'
import type { ExitCode } from '../commands/context.ts'
import { Failure } from '../failure.ts'

/**
 * Answers the exit code of what was run there; 255 is `ssh`'s own trouble, about which it has said something.
 * `elsewhere`: the whole command, for whoever has none here.
 */
export async function runSsh(args: readonly string[], elsewhere: string): Promise<ExitCode> {
  const child = spawn('ssh', args, { stdio: 'inherit' })
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
  return code as ExitCode
}
