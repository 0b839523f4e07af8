/** What may stand where the cursor is: commands, flags, names of things. Whatever goes wrong, nothing does. */
import type { Argument, Command, Option } from 'commander'
import { type Kind, things } from '../../cloud/things.ts'
import { fill } from '../../lazy-commands.ts'
import type { Context, ExitCode } from '../context.ts'

type Candidate = { readonly text: string; readonly about?: string }

/** A key press waits no longer than this for the names of things. */
const patienceMs = 1_500

export async function complete(
  program: Command,
  context: Context,
  words: readonly string[],
): Promise<ExitCode> {
  const current = words.at(-1) ?? ''
  const candidates = await candidatesFor(program, context, words.slice(0, -1), current)
  const lines = candidates
    .filter(({ text }) => text.toLowerCase().startsWith(current.toLowerCase()))
    .map(({ text, about = '' }) => `${text}\t${about}`)
  if (lines.length > 0) context.terminal.printRaw(lines.join('\n'))
  return 0
}

async function candidatesFor(
  program: Command,
  context: Context,
  before: readonly string[],
  current: string,
): Promise<Candidate[]> {
  const { command, rest } = await walk(program, before)
  const awaited = optionAwaiting(command, before)
  if (awaited !== null) {
    const kind = kindIn(command, awaited.long?.slice(2) ?? '')
    return kind === null ? [] : names(context, kind, current)
  }
  if (current.startsWith('-')) return flagsOf(command)
  if (command.commands.length > 0) {
    if (rest.length > 0) return []
    return command
      .createHelp()
      .visibleCommands(command)
      .map((each) => ({ text: each.name(), about: each.description() }))
  }
  const argument = argumentAt(command, rest)
  const kind = argument === null ? null : kindIn(command, argument.name())
  return kind === null ? [] : names(context, kind, current, rest)
}

/** The command that the words lead to, and the arguments behind it. */
async function walk(program: Command, words: readonly string[]) {
  let command = program
  const rest: string[] = []
  await fill(command)
  let isValue = false
  for (const word of words) {
    if (isValue) {
      isValue = false
      continue
    }
    if (word.startsWith('-')) {
      isValue = !word.includes('=') && takesValue(find(command, word))
      continue
    }
    const next = command.commands.find((each) => each.name() === word)
    if (next === undefined) rest.push(word)
    else {
      command = next
      await fill(command)
    }
  }
  return { command, rest }
}

const optionsOf = (command: Command): readonly Option[] => {
  const help = command.createHelp()
  help.showGlobalOptions = true
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
}

const find = (command: Command, word: string) =>
  optionsOf(command).find(({ short, long }) => word === short || word.split('=')[0] === long)
const takesValue = (option: Option | undefined) =>
  option !== undefined && (option.required || option.optional)

function optionAwaiting(command: Command, before: readonly string[]): Option | null {
  const last = before.at(-1) ?? ''
  const option = last.startsWith('-') ? find(command, last) : undefined
  return option !== undefined && takesValue(option) ? option : null
}

const flagsOf = (command: Command) =>
  optionsOf(command).map(({ long, description }) => ({ text: long ?? '', about: description }))

function argumentAt(command: Command, rest: readonly string[]): Argument | null {
  const { registeredArguments } = command
  const last = registeredArguments.at(-1)
  return registeredArguments[rest.length] ?? (last?.variadic ? last : null)
}

/**
 * Arguments and options are called by what they take: `<instance>`, `<instances...>`, `--ssh-key`. Within
 * `garrison vm` a `<snapshot>` is one of microVMs.
 */
function kindIn(command: Command, name: string): Kind | null {
  const kinds = Object.keys(things) as Kind[]
  const called = (text: string) =>
    kinds.find((kind) => [kind, `${kind}s`, `boot-${kind}`].includes(text)) ?? null
  return (isOfVms(command) ? called(`vm-${name}`) : null) ?? called(name)
}

const isOfVms = (command: Command): boolean =>
  command.name() === 'vm' || (command.parent !== null && isOfVms(command.parent))

async function names(
  context: Context,
  kind: Kind,
  current: string,
  given: readonly string[] = [],
): Promise<Candidate[]> {
  try {
    const { openCloud } = await import('../../cloud/cloud.ts')
    const { garrison } = openCloud(context, { retries: 0, timeoutMs: patienceMs })
    const found = await Array.fromAsync(things[kind].search(garrison, current))
    return found
      .filter(({ name, id }) => !given.includes(name) && !given.includes(id))
      .map(({ name, id }) => ({ text: name, about: id }))
  } catch {
    return []
  }
}
