import { describe, expect, it } from 'vitest'
import { ValidationError } from '../../errors.ts'
import { pathInGuest } from './paths.ts'
import { filesIn, mostFiles } from './tar.ts'

type Entry = {
  name: string | Buffer
  kind?: string
  content?: string
  size?: string
  prefix?: string
  mode?: string
}

/** An entry with a right sum, padded as the format wants it. */
function entry({ name, kind = '0', content = '', prefix = '', ...more }: Entry): Buffer {
  const body = Buffer.from(content)
  const header = Buffer.alloc(512)
  Buffer.from(name as string).copy(header, 0, 0, 100)
  header.write(more.mode ?? '0000644', 100)
  header.write(more.size ?? body.length.toString(8).padStart(11, '0'), 124, 12)
  header.write(' '.repeat(8), 148)
  header.write(kind, 156)
  header.write('ustar\0', 257)
  header.write(prefix, 345)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}
const archive = (...entries: Entry[]) => Buffer.concat([...entries.map(entry), Buffer.alloc(1024)])
const read = (bytes: Uint8Array) =>
  [...filesIn(bytes)].map(({ name, mode, content }) => [
    name,
    mode,
    Buffer.from(content).toString(),
  ])

describe('an archive', () => {
  it('is its files, with modes, and folders are not among them', () => {
    const bytes = archive(
      { name: 'a/', kind: '5' },
      { name: 'a/run.sh', content: 'echo', mode: '0000755' },
      { name: 'b.txt', kind: '\0', content: 'x'.repeat(513), prefix: 'deep/er' },
      { name: 'empty' },
    )
    expect(read(bytes)).toEqual([
      ['a/run.sh', 0o755, 'echo'],
      ['deep/er/b.txt', 0o644, 'x'.repeat(513)],
      ['empty', 0o644, ''],
    ])
  })

  it('may have long names in either of the two usual ways, each for one file', () => {
    const long = `${'folder/'.repeat(30)}file`
    const line = ` path=${long}\n`
    const length = line.length + String(line.length + 3).length
    const bytes = archive(
      { name: '././@LongLink', kind: 'L', content: `${long}\0` },
      { name: long.slice(0, 100), content: 'one' },
      { name: 'plain', content: 'two' },
      { name: 'pax', kind: 'x', content: `${length}${line}` },
      { name: 'short', content: 'three' },
      { name: 'global', kind: 'g', content: '20 comment=whatever\n' },
      { name: 'last', content: 'four' },
    )
    expect(read(bytes).map(([name]) => name)).toEqual([long, 'plain', long, 'last'])
  })

  it('may have ends of lines in its names, and no record is looked for inside of another', () => {
    const records = (...pairs: [string, string][]) =>
      pairs
        .map(([key, value]) => {
          const rest = ` ${key}=${value}\n`
          const length = Buffer.byteLength(rest)
          const whole = length + String(length + String(length).length).length
          return `${whole}${rest}`
        })
        .join('')
    const bytes = archive(
      { name: 'pax', kind: 'x', content: records(['path', 'é\nb'], ['mtime', '1.5']) },
      { name: 'one', content: '1' },
      { name: 'pax', kind: 'x', content: records(['comment', 'x\n9 path=y\n'], ['path', 'é\nc']) },
      { name: 'two', content: '2' },
    )
    expect(read(bytes)).toEqual([
      ['é\nb', 0o644, '1'],
      ['é\nc', 0o644, '2'],
    ])
  })

  it('gives no more of setuid than any file has', () => {
    expect(read(archive({ name: 'su', mode: '0006755' }))).toEqual([['su', 0o755, '']])
  })
})

describe('a hostile archive', () => {
  const refusing = (bytes: Uint8Array) => () => [...filesIn(bytes)]

  it.each([
    ['1', 'a hard link'],
    ['2', 'a symbolic link'],
    ['3', 'a character device'],
    ['4', 'a block device'],
    ['6', 'a pipe'],
    ['S', 'a sparse file'],
    ['K', 'a long link'],
  ])('with %s, %s, is refused', (kind) => {
    expect(refusing(archive({ name: 'x', kind }))).toThrow(ValidationError)
  })

  it.each([
    ['a size beyond its end', '77777777777'],
    ['a negative size', '-0000000001'],
    ['a size that is no number', 'zzzzzzzzzzz'],
  ])('with %s is refused', (_, size) => {
    expect(refusing(archive({ name: 'x', content: 'y', size }))).toThrow(ValidationError)
  })

  it('with a size of the binary kind is refused', () => {
    const bytes = archive({ name: 'x' })
    bytes[124] = 0x80
    expect(refusing(bytes)).toThrow(ValidationError)
  })

  it('whose header was changed is refused, and so is what is no archive at all', () => {
    const bytes = archive({ name: 'x' })
    bytes[0] = 0x79
    expect(refusing(bytes)).toThrow(ValidationError)
    expect(refusing(Buffer.from('hello'))).toThrow(ValidationError)
    expect(refusing(Buffer.alloc(0))).toThrow(ValidationError)
    expect(refusing(Buffer.alloc(4096, 0xff))).toThrow(ValidationError)
  })

  it('that is cut off anywhere in a file is refused', () => {
    const whole = entry({ name: 'x', content: 'y'.repeat(2000) })
    for (const length of [513, 1024, 2000])
      expect(refusing(whole.subarray(0, length)), String(length)).toThrow(ValidationError)
  })

  it('whose names are not UTF-8 is refused, since two of them would become one', () => {
    expect(refusing(archive({ name: Buffer.from('b\xe9', 'latin1') }))).toThrow(ValidationError)
    const long = Buffer.from(archive({ name: 'long', kind: 'L', content: 'b?' }, { name: 'x' }))
    long[513] = 0xe9
    expect(refusing(long)).toThrow(ValidationError)
  })

  it.each(['9 path=x', '99 path=x\n', '3 path=x\n', 'x\n', '0 path=x\n'])(
    'with the extended header %j is refused',
    (content) => {
      expect(refusing(archive({ name: 'pax', kind: 'x', content }, { name: 'x' }))).toThrow(
        ValidationError,
      )
    },
  )

  it('with too many files is refused', () => {
    const one = entry({ name: 'x' })
    const many = Buffer.concat(Array.from({ length: mostFiles }, () => one))
    expect(refusing(many)()).toHaveLength(mostFiles)
    expect(refusing(Buffer.concat([many, one]))).toThrow(ValidationError)
  })

  it('with nothing but folders and names is refused as soon as they are too many', () => {
    const one = entry({ name: 'a/', kind: '5' })
    const folders = Buffer.concat(Array.from({ length: 3 * mostFiles }, () => one))
    expect(refusing(folders)()).toEqual([])
    expect(refusing(Buffer.concat([folders, one]))).toThrow(ValidationError)
  })

  it.each(['../../etc/passwd', 'a/../../etc/passwd', '..', 'a/..', 'a\0b/..'])(
    'has no way out of the folder by the name %j',
    (name) => {
      const found = [...filesIn(archive({ name, content: 'x' }))]
      const [file] = found
      const place = () => pathInGuest('file', file?.name.replace(/^(\.?\/)+/, '') ?? '', '/app/in')
      if (name.includes('\0')) expect(place()).toBe('/app/in/a')
      else expect(place).toThrow(ValidationError)
    },
  )

  it('has no way out by a long name either, nor by one from the root', () => {
    const bytes = archive(
      { name: 'long', kind: 'L', content: '../'.repeat(50) },
      { name: 'x' },
      { name: '/etc/passwd' },
    )
    const [long, root] = [...filesIn(bytes)]
    expect(() => pathInGuest('file', long?.name ?? '', '/app/in')).toThrow(ValidationError)
    expect(pathInGuest('file', (root?.name ?? '').replace(/^(\.?\/)+/, ''), '/app/in')).toBe(
      '/app/in/etc/passwd',
    )
  })
})
