/**
 * Where a command speaks. Results go to standard output, for pipes and scripts; progress, warnings and
 * questions go to standard error. Colours and the spinner appear on a terminal only; `NO_COLOR` is
 * respected.
 */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { stripVTControlCharacters, styleText } from 'node:util'
import { type Progress, plainProgress, spinner } from './progress.ts'

export type Stream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
export type Streams = {
  input: NodeJS.ReadableStream & { isTTY?: boolean }
  output: Stream
  errors: Stream
}

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red'

export type Terminal = ReturnType<typeof createTerminal>

export function createTerminal({ input, output, errors }: Streams) {
  const animated = errors.isTTY === true && process.env.TERM !== 'dumb'
  let current: Progress | null = null
  let options = ''

  const style = (format: Style, text: string, stream: Stream) => styleText(format, text, { stream })

  function write(stream: Stream, text: string) {
    current?.clear()
    stream.write(`${text}\n`)
  }

  /** Words for people. A command that they suggest has to be about the same Garrison. */
  function say(stream: Stream, text: string) {
    const complete = text.replaceAll(/\.\/garrison (?=[a-z])(?!.*--data)/g, `./garrison ${options}`)
    write(stream, harmless(complete))
  }

  async function ask(question: string): Promise<string> {
    const lines = createInterface({ input, output: errors })
    try {
      return await lines.question(question)
    } finally {
      lines.close()
    }
  }

  return {
    /** From now on, every command that is suggested has these options too, such as `--data DIR`. */
    suggestWith(text: string) {
      options = `${text} `
    },
    /** Somebody can answer a question. */
    interactive: input.isTTY === true && errors.isTTY === true,

    print(text = '') {
      say(output, text)
    },
    /** What programs read: exactly this, whatever else is suggested. */
    printRaw(text: string) {
      write(output, text)
    },
    /** Of a line that is not finished. */
    printPart(text: string) {
      output.write(text)
    },
    printJson(value: unknown) {
      write(output, JSON.stringify(value, null, 2))
    },
    /** Columns as wide as their widest cell; `right`: indexes of columns with numbers. */
    table(
      rows: readonly (readonly string[])[],
      { right = [] }: { right?: readonly number[] } = {},
    ) {
      const cells = rows.map((row) => row.map((cell) => harmless(cell).replaceAll('\n', '\ufffd')))
      for (const line of alignColumns(cells, right)) write(output, line)
    },
    note(text: string) {
      say(errors, text)
    },
    warn(text: string) {
      say(errors, `${style('yellow', '!', errors)} ${text}`)
    },
    /** Something went wrong, and the command goes on. */
    problem(text: string) {
      say(errors, `${style('red', '✗', errors)} ${text}`)
    },
    fail([first = '', ...rest]: readonly string[]) {
      say(errors, [`${style('red', 'garrison:', errors)} ${first}`, ...rest].join('\n'))
    },

    /** For results. */
    style: (format: Style, text: string) => style(format, text, output),

    /** Says what is being waited for until it is stopped. */
    progress(text: string): Progress {
      const line = animated ? spinner(errors, text) : plainProgress(errors, text)
      current = line
      const stop = () => {
        line.stop()
        current = null
      }
      return { ...line, stop, [Symbol.dispose]: stop }
    },

    /** What is typed is not shown; null when nobody can type. */
    async askSecret(question: string): Promise<string | null> {
      if (!(input.isTTY === true && errors.isTTY === true)) return null
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
      const lines = createInterface({ input, output: silent, terminal: true })
      errors.write(question)
      try {
        return await lines.question('')
      } finally {
        lines.close()
        errors.write('\n')
      }
    },

    /** A line as it was typed. */
    ask,
    /** True only for a plain yes. */
    async confirm(question: string): Promise<boolean> {
      return /^y(es)?$/i.test((await ask(`${question} [y/N] `)).trim())
    },
  }
}

/**
 * Names are chosen by people, also by those who would move the cursor of whoever reads them. Colours, tabs and
 * ends of lines stay.
 */
const harmless = (text: string) =>
  text.replaceAll(/\p{Cc}(\[[\d;]*m)?/gu, (found, colour = '') => {
    const isOurs = found.startsWith('\x1b') ? colour !== '' : /^[\n\t]/.test(found)
    return isOurs ? found : `\ufffd${colour}`
  })

export function alignColumns(rows: readonly (readonly string[])[], right: readonly number[] = []) {
  const width = (text: string) => stripVTControlCharacters(text).length
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, width(cell))
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - width(cell))
        return right.includes(column) ? padding + cell : cell + padding
      })
      .join('  ')
      .trimEnd(),
  )
}
