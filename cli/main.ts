/** The command, once `./garrison` has made sure of Node and the dependencies. */
import { CommanderError } from 'commander'
import { describeFailure, Failure } from './failure.ts'
import { createProgram } from './program.ts'
import { createTerminal } from './terminal.ts'

const { stdin, stdout, stderr } = process
// The reader of a pipe may leave early (`| head`), and a terminal may be closed.
for (const stream of [stdout, stderr]) stream.on('error', () => {})

const terminal = createTerminal({ input: stdin, output: stdout, errors: stderr })
const program = createProgram(terminal, (code) => {
  process.exitCode = code
})

try {
  if (process.argv.length === 2) program.outputHelp()
  else await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version were asked for; help on a group without its command was not.
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    terminal.fail(describeFailure(error))
    process.exitCode = error instanceof Failure ? error.exitCode : 1
  }
}
