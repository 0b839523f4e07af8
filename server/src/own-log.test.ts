import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { boundOwnLog } from './own-log.ts'

let folder: string
let file: string
let fd: number
const limitBytes = 10

function open(flags: 'a' | 'w') {
  fd = openSync(file, flags)
}
const write = (text: string) => writeSync(fd, text)
const content = (of = file) => readFileSync(of, 'utf8')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garrison-log-'))
  file = join(folder, 'server.log')
})
afterEach(() => {
  closeSync(fd)
  rmSync(folder, { recursive: true })
})

it('goes on at its beginning once it is long, and the old one is kept', () => {
  open('a')
  write('a long line\n')
  boundOwnLog({ fd, limitBytes })
  write('next\n')
  expect([content(), content(`${file}.1`)]).toEqual(['next\n', 'a long line\n'])
})

it('is left alone while it is short', () => {
  open('a')
  write('short\n')
  boundOwnLog({ fd, limitBytes })
  expect(content()).toBe('short\n')
})

it('is left alone where whoever opened it does not append', () => {
  open('w')
  write('a long line\n')
  boundOwnLog({ fd, limitBytes })
  expect(content()).toBe('a long line\n')
})

it('that somebody removed is no error', () => {
  open('a')
  write('a long line\n')
  rmSync(file)
  boundOwnLog({ fd, limitBytes })
})
