/** A terminal, or pipes, for tests: what was written where. */
import { PassThrough } from 'node:stream'
import { WriteStream } from 'node:tty'
import { createTerminal } from './terminal.ts'

export function fakeTerminal({ tty = false, columns = 80 } = {}) {
  const { getColorDepth } = WriteStream.prototype
  const stream = () => Object.assign(new PassThrough(), { isTTY: tty, columns, getColorDepth })
  const [input, output, errors] = [stream(), stream(), stream()]
  const text = (from: PassThrough) => String(from.read() ?? '')
  return {
    terminal: createTerminal({ input, output, errors }),
    type: (line: string) => void input.write(`${line}\n`),
    /** What came since the last call. */
    output: () => text(output),
    errors: () => text(errors),
  }
}
