import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { TooSlowError } from '../engine.ts'
import { ConsoleHub, HISTORY_BYTES } from './hub.ts'

const silent = () => new ConsoleHub((_, done) => done())
const bytes = (words: string) => Buffer.from(words)

test('shows the past first, then what comes, to everybody', async () => {
  const hub = silent()
  hub.say(bytes('boot\n'))
  const early = hub.view()
  hub.say(bytes('login: '))
  const late = hub.view()
  hub.end()
  expect(await text(early)).toBe('boot\nlogin: ')
  expect(await text(late)).toBe('boot\nlogin: ')
})

test('takes input from each of them', async () => {
  const typed: string[] = []
  const hub = new ConsoleHub((chunk, done) => {
    typed.push(chunk.toString())
    done()
  })
  hub.view().write('a')
  hub.view().write('b')
  expect(typed).toEqual(['a', 'b'])
})

test('begins a long past at the beginning of a line', async () => {
  const hub = silent()
  hub.say(bytes(`${'é'.repeat(HISTORY_BYTES)}\nwhole line\n`))
  const viewer = hub.view()
  hub.end()
  expect(await text(viewer)).toBe('whole line\n')
})

test('lets go of a viewer that does not read, and of nobody else', async () => {
  const hub = silent()
  const stuck = hub.view()
  const reading = hub.view()
  let read = 0
  reading.on('data', (chunk: Buffer) => {
    read += chunk.length
  })
  const dropped = once(stuck, 'error')
  const chunk = Buffer.alloc(64 * 1024)
  for (let said = 0; said < 32; said++) {
    hub.say(chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await dropped)[0]).toBeInstanceOf(TooSlowError)
  expect(read).toBe(32 * chunk.length)
})

test('ends for those who come when it has ended', async () => {
  const hub = silent()
  hub.say(bytes('bye'))
  hub.end()
  expect(await text(hub.view())).toBe('bye')
})

test('forgets a viewer that left', async () => {
  const hub = silent()
  const gone = hub.view()
  gone.destroy()
  await once(gone, 'close')
  hub.say(bytes('anybody there?'))
  expect(gone.readableLength).toBe(0)
})
