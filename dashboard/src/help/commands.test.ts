/** Every command that the guides and the pages show is one that `garrison` understands. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fakeTerminal } from '../../../cli/fake-terminal.testing.ts'
import { fill } from '../../../cli/lazy-commands.ts'
import { createProgram } from '../../../cli/program.ts'

const sources = join(import.meta.dirname, '..')

/** Lines of code in guides, `code` in their sentences, and what pages give as `command`. */
function commandsIn(file: string, text: string) {
  const found = file.endsWith('.md')
    ? [...text.matchAll(/^garrison .+$|`(garrison [^`]+)`|<\((garrison [^)]+)\)/gm)]
    : [...text.matchAll(/command: (?:'([^']+)'|`([^`]+)`)/g)]
  return found.map(([whole, ...groups]) => groups.find((each) => each !== undefined) ?? whole)
}

/** Without what a shell makes of the rest of the line. */
const wordsOf = (line: string) =>
  [
    ...line
      .replaceAll('${tomorrow()}', '2030-12-31')
      .replaceAll(/\$\{[^}]+\}/g, 'X')
      .matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
  ]
    .map(([, ...groups]) => groups.find((each) => each !== undefined) ?? '')
    .flatMap((word, index, all) =>
      all.slice(0, index + 1).some((each) => /^[|<>]$/.test(each)) ? [] : [word],
    )

async function understand(line: string) {
  const program = createProgram(fakeTerminal().terminal, () => undefined)
  const [, ...words] = wordsOf(line)
  let command = program
  for (;;) {
    await fill(command)
    // One of several, such as what the page is about.
    const next = command.commands.find((each) => words[0] === 'X' || each.name() === words[0])
    if (next === undefined) break
    words.shift()
    command = next
  }
  if (words.includes('--help')) return
  // A group by itself is spoken of, and prints its help.
  if (command.commands.length > 0 && words.length === 0) return
  const names = command.commands.map((each) => each.name())
  expect(names, `${line} names a command`).toEqual([])
  const { unknown } = program.parseOptions(words)
  const rest = command.parseOptions([...program.parseOptions(words).operands, ...unknown])
  expect(
    rest.unknown.filter((word) => word.startsWith('--') && word !== '--'),
    line,
  ).toEqual([])
  const needed = command.options.filter(({ mandatory }) => mandatory).map(({ long }) => long)
  expect(words, `${line} has the options it needs`).toEqual(expect.arrayContaining(needed))
  const given = rest.operands.length + rest.unknown.filter((word) => word !== '--').length
  const expected = command.registeredArguments
  expect(given, `${line} has what it needs`).toBeGreaterThanOrEqual(
    expected.filter(({ required }) => required).length,
  )
  if (!expected.some(({ variadic }) => variadic)) {
    expect(given, `${line} has no more than it needs`).toBeLessThanOrEqual(expected.length)
  }
}

const all = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(md|tsx)$/.test(file))
  .flatMap((file) => commandsIn(file, readFileSync(join(sources, file), 'utf8')))
const shown = [...new Set(all)].filter((line) => line.startsWith('garrison '))

it.each(shown)('%s', understand)
