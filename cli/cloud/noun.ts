/** How the commands about a noun are defined; each noun in a file of its own, loaded when it is needed. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Run } from './cloud.ts'

export type Define = (noun: Command, run: Run) => void

/** For commands that begin something which takes a while. */
export function withWait(command: Command): Command {
  return command
    .addOption(new Option('--wait', 'what happens anyway').default(true).hideHelp())
    .option('--no-wait', 'come back at once, while it is still going on')
}

/** For lists. */
export const limitOption = ['--limit <number>', 'show so many at most', wholeNumber] as const

export function wholeNumber(text: string): number {
  const number = Number(text)
  if (/^\d{1,9}$/.test(text) && number > 0) return number
  throw new InvalidArgumentError('Give a whole number of at least 1.')
}

/** For options that may be given several times, or once with commas. */
export const collect = (text: string, before: readonly string[] = []) => [
  ...before,
  ...text.split(',').filter((each) => each !== ''),
]

export const examples = (...lines: readonly string[]) =>
  `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.map((line) => `  ./garrison ${line}`).join('\n')}`
