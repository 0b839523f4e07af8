import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GuestError } from '../../../engine.ts'
import { readTarFacts, TarCounter } from './tar-facts.ts'

const PLENTY = { entries: 100, bytes: 1e9 }

/** One entry; `size` is what it says, `content` what it has. */
function entry(type: string, size: number | Buffer, content: string | number = ''): Buffer {
  const header = Buffer.alloc(512)
  header.write('name')
  if (typeof size === 'number') header.write(`${size.toString(8).padStart(11, '0')} `, 124)
  else size.copy(header, 124)
  header.write(type, 156)
  const body = typeof content === 'number' ? Buffer.alloc(content, 1) : Buffer.from(content)
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}
const file = (bytes: number) => entry('0', bytes, bytes)
const extended = (record: string) => {
  const text = `${record.length + 4} ${record}\n`
  return entry('x', text.length, text)
}
const end = Buffer.alloc(1024)

function count(archive: Buffer, left = PLENTY, step = archive.length) {
  const counter = new TarCounter(left)
  for (let at = 0; at < archive.length; at += step) counter.push(archive.subarray(at, at + step))
  return counter.facts()
}

describe('what a layer would become', () => {
  const archive = Buffer.concat([
    file(5),
    entry('5', 0),
    entry('2', 0),
    file(5000),
    entry('1', 9),
    end,
  ])

  it('is counted, in blocks of the disk, however it arrives', () => {
    const facts = { entries: 5, bytes: 3 * 4096 }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (step) => {
        expect(count(archive, PLENTY, step)).toEqual(facts)
      }),
      { numRuns: 50 },
    )
  })

  it('follows sizes of extended headers and of binary numbers', () => {
    const large = Buffer.concat([extended('size=5000'), entry('0', 0, 5000), file(1), end])
    expect(count(large)).toEqual({ entries: 2, bytes: 3 * 4096 })
    const binary = Buffer.alloc(12)
    binary[0] = 0x80
    binary.writeUInt32BE(600, 8)
    expect(count(Buffer.concat([entry('0', binary, 600), end]))).toEqual({
      entries: 1,
      bytes: 4096,
    })
    const named = Buffer.concat([entry('L', 700, 700), file(1), end])
    expect(count(named)).toEqual({ entries: 1, bytes: 4096 })
  })

  it.each([
    ['a file with holes', entry('S', 10, 10), /holes/],
    ['a file with holes, in the newer way', extended('GNU.sparse.realsize=9999999'), /holes/],
    ['a name without end', entry('L', 2 ** 21), /more than 1 MiB/],
    ['a size without end', entry('0', Buffer.alloc(12, 0xff)), /impossible/],
    ['something else', Buffer.alloc(512, 0x41), /no tar/],
    ['too many files', Buffer.concat(Array.from({ length: 101 }, () => file(0))), /too many files/],
    ['too many bytes', entry('0', 0o7777777777), /too large/],
  ])('is refused when it has %s', (_, bytes, words) => {
    expect(() => count(bytes)).toThrow(words)
    expect(() => count(bytes)).toThrow(GuestError)
  })

  it('throws nothing but refusals, whatever arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => {
        try {
          count(Buffer.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(GuestError)
        }
      }),
    )
  })

  describe('in a file', () => {
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'garrison-tar-'))
    })
    afterAll(() => rm(folder, { recursive: true }))
    const read = async (content: Buffer) => {
      const path = join(folder, 'layer')
      await writeFile(path, content)
      return readTarFacts(path, PLENTY, AbortSignal.timeout(10_000))
    }

    it('is the same when it is compressed', async () => {
      expect(await read(gzipSync(archive))).toEqual(await read(archive))
    })

    it('is refused when it is nothing, and much of it', async () => {
      const counter = () => new TarCounter({ entries: 1, bytes: 1e6 })
      const zeros = Buffer.alloc(1_100_000)
      expect(() => counter().push(zeros)).toThrow('too large')
      const headers = Buffer.concat(Array.from({ length: 3 }, () => entry('g', 5e5, 5e5)))
      expect(() => counter().push(headers)).toThrow('too large')
    })

    it('is refused when it is cut short, or grows without end', async () => {
      await expect(read(gzipSync(archive).subarray(0, 60))).rejects.toThrow('damaged')
      const bomb = Buffer.concat([entry('0', 0o7777777777), Buffer.alloc(50_000_000)])
      await expect(read(gzipSync(bomb))).rejects.toThrow('too large')
    })
  })
})
