import { describe, expect, it } from 'vitest'
import { CPIO_FILE, CPIO_FOLDER, cpioArchive } from './cpio.ts'

/** Reads back what the kernel would: fields of a header are 8 hexadecimal digits after the magic. */
function readArchive(archive: Buffer) {
  const entries = []
  for (let at = 0; ; ) {
    const header = archive.toString('latin1', at, at + 110)
    const field = (index: number) =>
      Number.parseInt(header.slice(6 + index * 8, 14 + index * 8), 16)
    const [mode, size, nameSize] = [field(1), field(6), field(11)]
    const name = archive.toString('latin1', at + 110, at + 110 + nameSize - 1)
    const content = (at + 110 + nameSize + 3) & ~3
    entries.push({
      magic: header.slice(0, 6),
      name,
      mode,
      owner: [field(2), field(3)],
      content: archive.toString('latin1', content, content + size),
    })
    at = (content + size + 3) & ~3
    if (name === 'TRAILER!!!') return { entries, end: at }
  }
}

describe('cpioArchive', () => {
  const archive = cpioArchive([
    { path: 'bin', mode: CPIO_FOLDER | 0o755 },
    { path: 'bin/odd', mode: CPIO_FILE | 0o755, content: Buffer.from('12345') },
    { path: 'empty', mode: CPIO_FILE | 0o644 },
    { path: 'even', mode: CPIO_FILE | 0o644, content: Buffer.from('1234') },
  ])

  it('keeps names, modes and contents, and ends with the trailer', () => {
    expect(
      readArchive(archive).entries.map(({ name, mode, content }) => [name, mode, content]),
    ).toEqual([
      ['bin', 0o040755, ''],
      ['bin/odd', 0o100755, '12345'],
      ['empty', 0o100644, ''],
      ['even', 0o100644, '1234'],
      ['TRAILER!!!', 0, ''],
    ])
  })

  it('gives everything to root', () => {
    const { entries } = readArchive(archive)
    expect(entries.every(({ owner }) => owner[0] === 0 && owner[1] === 0)).toBe(true)
  })

  it('writes nothing behind the padded trailer', () => {
    expect(readArchive(archive).end).toBe(archive.length)
  })

  it('makes the same bytes of the same entries', () => {
    const entries = [{ path: 'a', mode: CPIO_FILE | 0o644, content: Buffer.from('a') }]
    expect(cpioArchive(entries)).toEqual(cpioArchive(entries))
  })
})
