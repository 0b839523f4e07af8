/** What a command that works over the API is given: the Garrison, and where to speak. */
import { Garrison, type GarrisonOptions } from '@garrison/sdk'
import type { Context, ExitCode } from '../commands/context.ts'
import type { Terminal } from '../terminal.ts'
import { findCloud, type Where } from './where.ts'
import { inWords } from './words.ts'

export type Cloud = {
  readonly garrison: Garrison
  readonly where: Where
  readonly terminal: Terminal
  readonly json: boolean
  /** Every question is answered with yes. */
  readonly yes: boolean
}

/** Turns an action, which may answer an exit code, into what commander calls; the command itself, which commander adds, is left out. */
export type Run = <Args extends unknown[]>(
  action: (cloud: Cloud, ...args: Args) => Promise<unknown>,
) => (...args: [...Args, command: unknown]) => Promise<void>

export function createRun(context: () => Context, finish: (code: ExitCode) => void): Run {
  return (action) =>
    async (...args) => {
      const cloud = openCloud(context())
      try {
        const code = await action(cloud, ...withoutLast(args))
        finish(typeof code === 'number' ? (code as ExitCode) : 0)
      } catch (error) {
        throw inWords(error, cloud.where)
      }
    }
}

/** Somebody sits there and wants to know. */
const ofAPerson = { retries: 2, retryDelayMs: 300 }

export function openCloud(
  { terminal, json, yes, data, context }: Context,
  patience: Pick<GarrisonOptions, 'retries' | 'timeoutMs'> = {},
): Cloud {
  const where = findCloud({ data, context })
  const garrison = new Garrison({ url: where.url, key: where.api_key, ...ofAPerson, ...patience })
  return { garrison, where, terminal, json, yes }
}

const withoutLast = <Args extends unknown[]>(args: [...Args, unknown]) => args.slice(0, -1) as Args
