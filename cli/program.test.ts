import { CommanderError } from 'commander'
import { expect, it } from 'vitest'
import { Failure } from './failure.ts'
import { fakeTerminal } from './fake-terminal.testing.ts'
import { createProgram } from './program.ts'

/** What a command line that runs nothing says, and how it ends. */
async function said(...args: string[]) {
  const fake = fakeTerminal()
  const program = createProgram(fake.terminal, () => {})
  const error = await program.parseAsync(args, { from: 'user' }).then(
    () => null,
    (reason: unknown) => reason,
  )
  return { error, output: fake.output(), errors: fake.errors() }
}

async function mistake(...args: string[]) {
  const { error } = await said(...args)
  if (!(error instanceof Failure)) throw new Error(`not refused: ${error}`)
  expect(error.exitCode).toBe(2)
  return [error.message, ...error.advice]
}

it('names the nearest command and all that exist', async () => {
  expect(await mistake('upp')).toEqual([
    "unknown command 'upp'",
    '(Did you mean up?)',
    expect.stringMatching(/^Commands: up, down, .* instance, .* credits, .* help$/),
    'See: ./garrison --help',
  ])
})

it('names the nearest command of a group', async () => {
  expect(await mistake('key', 'lst')).toEqual([
    "unknown command 'lst'",
    '(Did you mean list?)',
    'Commands: create, list, revoke, help',
    'See: ./garrison key --help',
  ])
})

it('names the nearest option and all that exist', async () => {
  expect(await mistake('up', '--prot', '80')).toEqual([
    "unknown option '--prot'",
    '(Did you mean --port?)',
    expect.stringMatching(/^Options: --port, --host, .* --help, .* --json, --yes$/),
    'See: ./garrison up --help',
  ])
})

it('says what is wrong with a value', async () => {
  const [message] = await mistake('up', '--port', '99999')
  expect(message).toBe(
    "option '-p, --port <number>' argument '99999' is invalid. Give a number from 1 to 65535.",
  )
})

it('asks for an argument that is missing', async () => {
  expect(await mistake('key', 'create')).toContain("missing required argument 'name'")
})

it('refuses an argument too many', async () => {
  const [message] = await mistake('down', 'now')
  expect(message).toMatch(/^too many arguments for 'down'/)
})

it.each([
  ['up'],
  ['down'],
  ['status'],
  ['check'],
  ['uninstall'],
  ['account', 'create'],
  ['key', 'create'],
  ['key', 'revoke'],
])('helps with %s %s by examples', async (...command) => {
  const { error, output } = await said(...command, '--help')
  expect(error).toBeInstanceOf(CommanderError)
  expect(output).toContain(`./garrison ${command.join(' ')}`)
  expect(output).toContain('--json')
})

it('helps with a command of a group, and says when there is none', async () => {
  const { output } = await said('help', 'key', 'create')
  expect(output).toContain('Usage: garrison key create')
  expect((await said('help')).output).toContain('./garrison up --demo')
  expect(await mistake('help', 'key', 'make')).toContain("unknown command 'make'")
})

it('documents its exit codes', async () => {
  expect((await said('--help')).output).toMatch(/Exit codes:\n {2}0 {2}done\n {2}1 .*\n {2}2 /)
})
