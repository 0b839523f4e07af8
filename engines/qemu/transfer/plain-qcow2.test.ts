import { describe, expect, it } from 'vitest'
import { problemOf } from './plain-qcow2.ts'

const SIZE = 10_000_000_000

/** What `qemu-img convert` writes at the front of a compressed disk without a backing file. */
function header(change: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(65_536)
  bytes.write('QFI\xfb', 0, 'latin1')
  bytes.writeUInt32BE(3, 4)
  bytes.writeUInt32BE(16, 20)
  bytes.writeBigUInt64BE(BigInt(SIZE), 24)
  bytes.writeUInt32BE(19, 36)
  bytes.writeBigUInt64BE(196_608n, 40)
  bytes.writeBigUInt64BE(1n << 3n, 72)
  bytes.writeUInt32BE(112, 100)
  bytes.writeUInt8(1, 104)
  bytes.writeUInt32BE(0x6803f857, 112)
  bytes.writeUInt32BE(0x180, 116)
  change(bytes)
  return bytes
}

it('a disk that stands alone is taken in', () => {
  expect(problemOf(header(), SIZE)).toBeNull()
})

describe('a file is refused', () => {
  it.each<[string, (bytes: Buffer) => void, RegExp]>([
    ['that is none of the format', (bytes) => bytes.write('PK', 0), /not a qcow2/],
    ['of an older version', (bytes) => bytes.writeUInt32BE(2, 4), /version 3/],
    ['with a backing file', (bytes) => bytes.writeBigUInt64BE(512n, 8), /backing file/],
    ['with the length of a backing file’s name', (bytes) => bytes.writeUInt32BE(9, 16), /backing/],
    ['with clusters of any size', (bytes) => bytes.writeUInt32BE(40, 20), /damaged/],
    [
      'with a bomb of a size',
      (bytes) => bytes.writeBigUInt64BE(2n ** 62n, 24),
      /4611686018427387904 bytes and the manifest says 10000000000/,
    ],
    ['that is encrypted', (bytes) => bytes.writeUInt32BE(2, 32), /encrypted/],
    ['with snapshots inside', (bytes) => bytes.writeUInt32BE(1, 60), /snapshots/],
    ['that was not closed', (bytes) => bytes.writeBigUInt64BE(1n, 72), /features/],
    ['with data in another file', (bytes) => bytes.writeBigUInt64BE(4n, 72), /another file/],
    ['with features nobody knows', (bytes) => bytes.writeBigUInt64BE(1n << 40n, 72), /features/],
    ['with a backing format', (bytes) => bytes.writeUInt32BE(0xe2792aca, 112), /backing/],
    [
      'with another data file’s name',
      (bytes) => bytes.writeUInt32BE(0x44415441, 112),
      /extensions/,
    ],
    ['with bitmaps', (bytes) => bytes.writeUInt32BE(0x23852875, 112), /extensions/],
    ['with endless extensions', (bytes) => bytes.writeUInt32BE(0xffff_fff0, 116), /damaged/],
    [
      'whose header ends behind the file',
      (bytes) => bytes.writeUInt32BE(0xffff_ffff, 100),
      /damaged/,
    ],
  ])('%s', (_, change, words) => {
    expect(problemOf(header(change), SIZE)).toMatch(words)
  })

  it.each([0, 3, 72, 103])('that ends after %i bytes', (length) => {
    expect(problemOf(header().subarray(0, length), SIZE)).toMatch(/not a qcow2/)
  })
})
