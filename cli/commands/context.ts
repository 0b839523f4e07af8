import type { Terminal } from '../terminal.ts'

/** What every command knows: where to speak, and the options that all of them share. */
export type Context = {
  readonly terminal: Terminal
  /** As given; see `dataFolder`. */
  readonly data?: string | undefined
  /** Of `garrison login`, as given. */
  readonly context?: string | undefined
  readonly json: boolean
  /** Every question is answered with yes. */
  readonly yes: boolean
}

/** 0: done; 1: failed, or not as wished; 2: the command was not understood. */
export type ExitCode = 0 | 1 | 2
