import { describe, expect, it } from 'vitest'
import { ValidationError } from '../errors.ts'
import { pieceStart, withPatience } from './pieces.ts'

describe('a piece of a file of 100 bytes', () => {
  it.each([
    [undefined, { from: 0 }],
    ['bytes 0-99/100', { from: 0 }],
    ['bytes 40-59/100', { from: 40 }],
    ['Bytes 99-99/100', { from: 99 }],
    ['bytes */100', null],
  ])('begins where %s says', (header, start) => {
    expect(pieceStart(header, 100)).toEqual(start)
  })

  it.each([
    'bytes 0-99/101',
    'bytes 0-100/100',
    'bytes 5-4/100',
    'bytes 0-99/*',
    'bytes=0-99/100',
    'lines 0-99/100',
    'bytes -5-9/100',
    `bytes ${'9'.repeat(400)}-${'9'.repeat(400)}/100`,
    '',
  ])('is refused by %s', (header) => {
    expect(() => pieceStart(header, 100)).toThrow(ValidationError)
  })
})

it('a whole file has the size of the manifest, where the sender tells', () => {
  expect(pieceStart(undefined, 100, '100')).toEqual({ from: 0 })
  expect(() => pieceStart(undefined, 100, '99')).toThrow(ValidationError)
})

it('a sender that falls silent is given up, with what came before', async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  writable.getWriter().write(new Uint8Array([1, 2, 3]))
  const came: Uint8Array[] = []
  const read = async () => {
    for await (const chunk of withPatience(readable, 10)) came.push(chunk)
  }
  await expect(read()).rejects.toThrow(ValidationError)
  expect(came).toEqual([new Uint8Array([1, 2, 3])])
})
