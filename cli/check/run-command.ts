/** Runs a tool of the checkout; all that it says goes to a file. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fullPath } from '../host/packages.ts'
import { root } from '../process/paths.ts'

export type CommandResult = { readonly ok: boolean; readonly ms: number }

export async function runCommand(
  [program = '', ...args]: readonly string[],
  outputFile: string,
): Promise<CommandResult> {
  const startedAt = performance.now()
  const output = openSync(outputFile, 'a')
  const ended = new Promise<boolean>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      // Node 24 first, whatever the host calls node.
      env: {
        ...process.env,
        PATH: [join(root, 'node_modules/.bin'), fullPath()].join(delimiter),
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
      },
      stdio: ['ignore', output, output],
    })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code === 0))
  }).finally(() => closeSync(output))
  return { ok: await ended, ms: performance.now() - startedAt }
}
