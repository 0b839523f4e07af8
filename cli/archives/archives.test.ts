/** Archives that are made and taken apart, with those of the tar that everybody has beside them. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { type Header, pack } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gather } from './gather.ts'
import { packed, packedSize } from './tar.ts'
import { unpack } from './unpack.ts'

let folder: string
let there: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garrison-archives-'))
  there = join(folder, 'there')
})
afterEach(() => rmSync(folder, { recursive: true }))

function put(name: string, content = name) {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

/** What the host's tar makes of a folder, in pieces that begin anywhere. */
function tarOf(name: string, ...options: string[]): AsyncIterable<Uint8Array> {
  return inPieces(execFileSync('tar', ['-C', join(folder, name), '-cf', '-', ...options, '.']))
}

async function* inPieces(bytes: Uint8Array, length = 1000) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

type Member = Partial<Header> & { name: string; content?: string }

/** As nobody's tar would make it. */
async function* madeUp(...members: Member[]) {
  const archive = pack()
  for (const { content = '', ...header } of members) archive.entry(header, content)
  archive.finalize()
  for await (const piece of archive as AsyncIterable<Buffer>) yield* inPieces(piece)
}

const text = (...parts: string[]) => readFileSync(join(there, ...parts), 'utf8')

describe('an archive that is made', () => {
  it('is understood by tar, with long names and permissions, and no longer than was said', async () => {
    const long = `${'folder/'.repeat(40)}näme`
    const files = [
      { name: 'run.sh', mode: 0o755, content: Buffer.from('echo\n') },
      { name: long, mode: 0o600, content: Buffer.alloc(1025, 'x') },
      { name: 'empty', mode: 0o644, content: Buffer.alloc(0) },
    ]
    const archive = await packed(Readable.from(files))
    const most = files.reduce((sum, { content }) => sum + packedSize(content.length), 0)
    expect(archive.length).toBeLessThanOrEqual(most)
    mkdirSync(there)
    execFileSync('tar', ['-C', there, '-xpf', '-'], { input: archive })
    expect(text('run.sh')).toBe('echo\n')
    expect(statSync(join(there, 'run.sh')).mode & 0o777).toBe(0o755)
    expect(text(long)).toBe('x'.repeat(1025))
    expect(text('empty')).toBe('')
  })
})

describe('an archive of tar', () => {
  it.each([['--format=gnu'], ['--format=posix'], ['--format=ustar']])(
    '%s is unpacked',
    async (format) => {
      const long = `${'folder/'.repeat(18)}file`
      for (const name of ['a', 'deep/b', long]) put(`from/${name}`, name)
      chmodSync(join(folder, 'from/a'), 0o755)
      mkdirSync(join(folder, 'from/empty'))
      symlinkSync('../a', join(folder, 'from/deep/link'))
      execFileSync('ln', [join(folder, 'from/a'), join(folder, 'from/same')])
      const seen: number[] = []
      const done = await unpack(tarOf('from', format), there, (bytes) => seen.push(bytes))
      expect(done).toMatchObject({ files: 5, skipped: [] })
      expect(seen.at(-1)).toBe(done.bytes)
      for (const name of ['a', 'deep/b', long]) expect(text(name)).toBe(name)
      expect([text('same'), text('deep/link')]).toEqual(['a', 'a'])
      expect(readlinkSync(join(there, 'deep/link'))).toBe('../a')
      expect(statSync(join(there, 'a')).mode & 0o777).toBe(0o755)
      expect(readdirSync(join(there, 'empty'))).toEqual([])
    },
  )

  it('replaces files that are there, and no folders', async () => {
    put('from/a', 'new')
    put('there/a', 'old')
    await unpack(tarOf('from'), there)
    expect(text('a')).toBe('new')
    rmSync(join(there, 'a'))
    put('there/a/kept')
    await expect(unpack(tarOf('from'), there)).rejects.toThrow(/a is in the way: it is a folder/)
    expect(text('a/kept')).toBe('there/a/kept')
  })

  it('that breaks off leaves no half file', async () => {
    const file = put('from/large', 'x'.repeat(5000))
    truncateSync(file, 4000)
    const whole = execFileSync('tar', ['-C', join(folder, 'from'), '-cf', '-', '.'])
    await expect(unpack(inPieces(whole.subarray(0, 3000)), there)).rejects.toThrow(
      'no tar archive, or ended',
    )
    expect(existsSync(join(there, 'large'))).toBe(false)
    await expect(unpack(inPieces(Buffer.from('y'.repeat(600))), there)).rejects.toThrow(
      'no tar archive, or ended',
    )
  })
})

describe('a hostile archive', () => {
  it.each(['../evil', 'a/../../evil', '..'])(
    'gets nothing out of the folder as %s',
    async (name) => {
      await expect(unpack(madeUp({ name, content: 'x' }), there)).rejects.toThrow('leads out')
      expect(readdirSync(folder)).toEqual(['there'])
    },
  )

  it('has its absolute names below the folder', async () => {
    await unpack(madeUp({ name: '/etc/passwd', content: 'x' }), there)
    expect(text('etc/passwd')).toBe('x')
  })

  it.each([
    ['from the root', 'l', '/etc'],
    ['upwards', 'l', '..'],
    ['upwards by way of a folder', 'd/l', '../../x'],
    ['back from where another link may lead', 'l', 'd/../../x'],
    ['nowhere', 'l', ''],
  ])('has no link that leads %s', async (_, name, target) => {
    const { skipped } = await unpack(madeUp({ name, type: 'symlink', linkname: target }), there)
    expect(skipped).toEqual([`${name}: a link that leads out of the folder`])
    expect(lstatSync(join(there, name), { throwIfNoEntry: false })).toBeUndefined()
  })

  it('writes through no link, of its own or one that was there', async () => {
    mkdirSync(join(folder, 'elsewhere'))
    const through = madeUp(
      { name: 'l', type: 'symlink', linkname: 'd' },
      { name: 'l/x', content: 'y' },
    )
    await expect(unpack(through, there)).rejects.toThrow(/l is in the way: it is a folder/)
    symlinkSync('../elsewhere', join(there, 'old'))
    const again = unpack(madeUp({ name: 'old/x', content: 'y' }), there)
    await expect(again).rejects.toThrow(/old is in the way: it is no folder/)
    symlinkSync('../elsewhere/z', join(there, 'file'))
    await unpack(madeUp({ name: 'file', content: 'y' }), there)
    expect(lstatSync(join(there, 'file')).isFile()).toBe(true)
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual([])
  })

  it('takes no file from elsewhere by a hard link', async () => {
    put('secret')
    for (const target of ['../secret', join(folder, 'secret'), 'none'])
      await expect(
        unpack(madeUp({ name: 'x', type: 'link', linkname: target }), there),
      ).rejects.toThrow(/leads out|not in it/)
    expect(readdirSync(there)).toEqual([])
  })

  it('makes no devices, and nothing with the rights of another', async () => {
    const members = (['character-device', 'block-device', 'fifo'] as const).map((type) => ({
      ...{ name: type, type },
    }))
    const { skipped } = await unpack(madeUp(...members), there)
    expect(skipped).toHaveLength(3)
    expect(readdirSync(there)).toEqual([])
    put('from/su')
    chmodSync(join(folder, 'from/su'), 0o4755)
    await unpack(tarOf('from'), there)
    expect(statSync(join(there, 'su')).mode & 0o7777).toBe(0o755)
  })
})

describe('what is gathered', () => {
  it('is every file, by its name from the folder on, through links', async () => {
    put('from/a')
    put('from/deep/b')
    put('other/c')
    symlinkSync('../other', join(folder, 'from/linked'))
    const { files, skipped } = await gather(join(folder, 'from'))
    expect(files.map(({ name }) => name)).toEqual(['a', 'deep/b', 'linked/c'])
    expect(skipped).toEqual([])
  })

  it('leaves out what cannot travel, and says so', async () => {
    put('from/a')
    mkdirSync(join(folder, 'from/empty'))
    symlinkSync('..', join(folder, 'from/around'))
    symlinkSync('none', join(folder, 'from/broken'))
    const socket = createServer().listen(join(folder, 'from/socket'))
    await once(socket, 'listening')
    const { files, skipped } = await gather(join(folder, 'from'))
    expect(files.map(({ name }) => name)).toEqual(['a'])
    expect(skipped).toEqual([
      'around/from: a link to a folder that it is in',
      'broken: a link that leads nowhere',
      'empty: an empty folder',
      'socket: no file, folder or link',
    ])
    socket.close()
  })
})
