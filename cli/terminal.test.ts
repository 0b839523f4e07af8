import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeTerminal } from './fake-terminal.testing.ts'
import { alignColumns } from './terminal.ts'

beforeEach(() => {
  vi.stubEnv('NO_COLOR', undefined)
  vi.stubEnv('FORCE_COLOR', undefined)
  vi.stubEnv('CI', undefined)
  vi.stubEnv('TERM', 'xterm')
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

/** Back to the beginning of the line, and away with what is there. */
const clear = '\r\x1b[K'

describe('colours', () => {
  it('appear on a terminal', () => {
    const { terminal } = fakeTerminal({ tty: true })
    expect(terminal.style('green', 'up')).toBe('\x1b[32mup\x1b[39m')
  })

  it('stay out of pipes', () => {
    expect(fakeTerminal().terminal.style('green', 'up')).toBe('up')
  })

  it('stay away when NO_COLOR asks for it', () => {
    vi.stubEnv('NO_COLOR', '1')
    expect(fakeTerminal({ tty: true }).terminal.style('green', 'up')).toBe('up')
  })
})

it('keeps results and remarks apart', () => {
  const fake = fakeTerminal()
  fake.terminal.printJson({ a: 1 })
  fake.terminal.warn('careful')
  fake.terminal.fail(['no', '  do this'])
  expect(fake.output()).toBe('{\n  "a": 1\n}\n')
  expect(fake.errors()).toBe('! careful\ngarrison: no\n  do this\n')
})

it('prints no name that would do something to a terminal', () => {
  const fake = fakeTerminal()
  fake.terminal.print('one\n\tred \x1b[31mred\x1b[39m up \x1b[2A back \r gone \x07')
  fake.terminal.table([['two\nlines \x1b]0;title\x07', 'x']])
  expect(fake.output()).toBe(
    'one\n\tred \x1b[31mred\x1b[39m up \ufffd[2A back \ufffd gone \ufffd\n' +
      'two\ufffdlines \ufffd]0;title\ufffd  x\n',
  )
})

it('aligns columns by what is visible, numbers to the right', () => {
  expect(
    alignColumns(
      [
        ['\x1b[32mup\x1b[39m', '5', 'x'],
        ['longer', '12'],
      ],
      [1],
    ),
  ).toEqual(['\x1b[32mup\x1b[39m       5  x', 'longer  12'])
})

describe('progress', () => {
  it('is a line for each change in a pipe', () => {
    const fake = fakeTerminal()
    using progress = fake.terminal.progress('one')
    progress.update('one')
    progress.update('two')
    expect(fake.errors()).toBe('one\ntwo\n')
  })

  it('counts on a terminal only: a log would fill with what it has been at', () => {
    vi.useFakeTimers()
    const pipe = fakeTerminal()
    using inPipe = pipe.terminal.progress('Downloading')
    inPipe.update('Downloading', '1 MB of 3 MB')
    inPipe.update('Downloading', '2 MB of 3 MB')
    expect(pipe.errors()).toBe('Downloading\n')
    const screen = fakeTerminal({ tty: true })
    using onScreen = screen.terminal.progress('Downloading')
    onScreen.update('Downloading', '2 MB of 3 MB')
    vi.advanceTimersByTime(300)
    expect(screen.errors()).toContain('Downloading · 2 MB of 3 MB')
  })

  it('turns on a terminal after a moment, counts seconds, and leaves no trace', () => {
    vi.useFakeTimers()
    const fake = fakeTerminal({ tty: true })
    const progress = fake.terminal.progress('waiting')
    vi.advanceTimersByTime(200)
    expect(fake.errors()).toBe('')
    vi.advanceTimersByTime(100)
    expect(fake.errors()).toBe(`${clear}⠋ waiting`)
    vi.advanceTimersByTime(1700)
    expect(fake.errors().split(clear).at(-1)).toMatch(/^\S waiting 2\.0 s$/)
    progress.stop()
    expect(fake.errors()).toBe(clear)
    vi.advanceTimersByTime(1000)
    expect(fake.errors()).toBe('')
  })

  it('never wraps', () => {
    vi.useFakeTimers()
    const fake = fakeTerminal({ tty: true, columns: 20 })
    using _ = fake.terminal.progress('a text that is much longer than the terminal')
    vi.advanceTimersByTime(2000)
    const frames = fake.errors().split(clear)
    expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThan(20)
  })

  it('makes room for other lines', () => {
    vi.useFakeTimers()
    const fake = fakeTerminal({ tty: true })
    using _ = fake.terminal.progress('waiting')
    fake.terminal.note('news')
    expect(fake.errors()).toBe(`${clear}news\n`)
  })
})

it.each([
  ['y', true],
  ['Yes', true],
  ['', false],
  ['n', false],
  ['yellow', false],
])('takes the answer %j as %s', async (answer, agreed) => {
  const fake = fakeTerminal()
  const asked = fake.terminal.confirm('Really?')
  await pause(0)
  fake.type(answer)
  expect(await asked).toBe(agreed)
  expect(fake.errors()).toBe('Really? [y/N] ')
})

it('suggests commands about the same data folder', () => {
  const fake = fakeTerminal()
  fake.terminal.note('Start it with: ./garrison up')
  fake.terminal.suggestWith('--data /tmp/x')
  fake.terminal.fail([
    'It is down',
    'Start it: sudo ./garrison up --port 80',
    '"./garrison down" too',
  ])
  fake.terminal.note('Or: ./garrison down --data /elsewhere')
  const said = fake.errors()
  expect(said).toContain('Start it with: ./garrison up')
  expect(said).toContain('sudo ./garrison --data /tmp/x up --port 80')
  expect(said).toContain('"./garrison --data /tmp/x down" too')
  expect(said).toContain('Or: ./garrison down --data /elsewhere')
})
