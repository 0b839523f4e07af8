/** `garrison vm cp`: files and folders to and from microVMs, by the rules that cp has for what is there already. */
import type { Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'
import { maximumUploadBytes, vmName } from '@garrison/contract/microvms/facts'
import { ApiError, NotFound } from '@garrison/sdk'
import type { Command } from 'commander'
import { gather, type LocalFile } from '../../archives/gather.ts'
import { chunksOf, requireFolderOf, save } from '../../archives/save.ts'
import { packed, packedSize } from '../../archives/tar.ts'
import { unpack } from '../../archives/unpack.ts'
import type { Cloud, Run } from '../../cloud/cloud.ts'
import { examples } from '../../cloud/noun.ts'
import { Failure } from '../../failure.ts'
import { humanBytes, plural } from '../../units.ts'
import { microvms, type Vm, vmOf } from './api.ts'

/** Of one request; smaller ones cost little when one fails, and show how far it is. */
const pieceBytes = 32 * 1024 * 1024
const filesOfAPiece = 2_000
/** Where paths begin that have no slash in front. */
const homeFolder = '/app'

export function defineCopy(vm: Command, run: Run) {
  vm.command('cp <from> <to>')
    .description('Copy a file or a folder to a microVM, or from one.')
    .addHelpText(
      'after',
      `
One of the two is in a microVM: NAME:PATH, below /app when it does not begin with a slash. As with cp, what
goes to a folder that is there goes into it; /. behind a folder means what is in it. Files that are there
are replaced; a single file that comes from a microVM has ordinary permissions.

To a microVM: a file of at most ${humanMib(maximumUploadBytes)}, a folder of any number of such files. Links are followed, and
empty folders stay behind. From a microVM: any size; links come along when they stay within the folder.
${examples('vm cp data.csv tests:', 'vm cp ./src tests:/app/project', 'vm cp tests:/app/results ./results')}`,
    )
    .action(
      run(async (cloud, from: string, to: string) => {
        const [source, target] = [placeOf(from), placeOf(to)]
        if ((source.vm === null) === (target.vm === null)) {
          const both = source.vm === null ? 'Neither' : 'Each'
          throw new Failure(`${both} of the two is in a microVM: one is to be NAME:PATH`, {
            advice: [
              './garrison vm cp data.csv tests:/app/',
              './garrison vm cp tests:/app/out.csv .',
            ],
            exitCode: 2,
          })
        }
        const done =
          target.vm === null
            ? await download(cloud, await vmOf(cloud, source.vm ?? ''), source.path, target.path)
            : await upload(cloud, await vmOf(cloud, target.vm), source.path, target.path)
        told(cloud, done)
      }),
    )
}

const humanMib = (bytes: number) => `${bytes / 1024 / 1024} MiB`

/** `tests:/app/x`; a name with a slash before its colon is a path of this machine. */
function placeOf(text: string): { vm: string | null; path: string } {
  const [, vm, path = ''] = /^([^/:]+):(.*)$/s.exec(text) ?? []
  return vm === undefined ? { vm: null, path: text } : { vm, path: path === '' ? './' : path }
}

/** `dir/.`, or `.`: what is in the folder, not the folder. */
const meansContent = (path: string) => /(^|\/)\.\/?$/.test(path)

type Done = {
  readonly vm_id: string
  readonly from: string
  readonly to: string
  readonly files: number
  readonly size_bytes: number
  /** What was left out, and why. */
  readonly skipped: readonly string[]
}

function told({ terminal, json }: Cloud, done: Done) {
  for (const each of done.skipped) terminal.warn(`Left out ${each}`)
  if (json) return terminal.printJson(done)
  const what = `${plural(done.files, 'file')}, ${humanBytes(done.size_bytes)}`
  terminal.print(`${done.from} is copied to ${done.to} (${what}).`)
}

async function upload(cloud: Cloud, vm: Vm, from: string, to: string): Promise<Done> {
  const local = await stat(from).catch(() => null)
  if (local === null) throw new Failure(`There is no ${from}`, { exitCode: 2 })
  const there = to.endsWith('/') ? 'folder' : await kindOf(cloud, vm, to)
  const name = meansContent(from) ? '' : basename(from)
  const path = posix.resolve(homeFolder, there === 'folder' ? posix.join(to, name) : to)
  if (local.isDirectory() && there === 'file') {
    throw new Failure(`${to} is a file in the microVM, and ${from} a folder`)
  }
  const { files, skipped } = local.isDirectory()
    ? await gather(from)
    : { files: [alone(from, posix.basename(path), local)], skipped: [] }
  const folder = local.isDirectory() ? path : posix.dirname(path)
  requireSmall(files)
  using progress = cloud.terminal.progress(`Copying ${from} to ${path}`)
  let [count, size_bytes] = [0, 0]
  for (const piece of piecesOf(files)) {
    const put = await microvms(cloud).upload(formOf(vm, folder, await packed(contentsOf(piece))))
    count += put.files
    size_bytes += put.size_bytes
    progress.update(`Copying ${from} to ${path}`, humanBytes(size_bytes))
  }
  return { ...{ vm_id: vm.vm_id, from, to: at(vm, path) }, files: count, size_bytes, skipped }
}

const at = (vm: Vm, path: string) => `${vmName(vm)}:${path}`

const alone = (path: string, name: string, { mode, size }: Stats): LocalFile => ({
  ...{ name, path, mode: mode & 0o777, size },
})

/** Asked for and let go: the API has no other way to look. */
async function kindOf(cloud: Cloud, vm: Vm, path: string): Promise<'file' | 'folder' | 'nothing'> {
  try {
    const { body } = await microvms(cloud).download(vm.session_id, path, false)
    await body?.cancel()
    return 'file'
  } catch (error) {
    if (isAboutFolder(error)) return 'folder'
    if (error instanceof NotFound) return 'nothing'
    throw error
  }
}

/** As the agent in the machine says it. */
const isAboutFolder = (error: unknown) =>
  error instanceof ApiError && error.status === 400 && /is a folder/.test(error.message)

/** Before anything is sent. */
function requireSmall(files: readonly LocalFile[]) {
  const large = files.find(({ size }) => packedSize(size) > maximumUploadBytes)
  if (large === undefined) return
  throw new Failure(
    `${large.path} has ${humanBytes(large.size)}; at most ${humanMib(maximumUploadBytes)} can be sent`,
    { advice: ['Fetch it from inside: ./garrison vm exec VM -- curl -O URL'] },
  )
}

/** So many files that each piece is one request. */
function* piecesOf(files: readonly LocalFile[]): Generator<LocalFile[]> {
  let piece: LocalFile[] = []
  let bytes = 0
  for (const file of files) {
    const size = packedSize(file.size)
    if (piece.length > 0 && (bytes + size > pieceBytes || piece.length === filesOfAPiece)) {
      yield piece
      piece = []
      bytes = 0
    }
    piece.push(file)
    bytes += size
  }
  if (piece.length > 0) yield piece
}

async function* contentsOf(files: readonly LocalFile[]) {
  for (const { name, mode, path } of files) yield { name, mode, content: await contentOf(path) }
}

const contentOf = (path: string) =>
  readFile(path).catch((error: Error) => {
    throw new Failure(`Cannot read ${path}: ${error.message}`)
  })

/** As an archive also for one file, which keeps its permissions so. */
function formOf({ session_id }: Vm, folder: string, archive: Uint8Array<ArrayBuffer>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries({
    session_id,
    remote_path: folder,
    recursive: 'true',
  }))
    form.set(name, value)
  form.set('file', new File([archive], 'files.tar'))
  return form
}

async function download(cloud: Cloud, vm: Vm, from: string, to: string): Promise<Done> {
  const api = microvms(cloud)
  const local = await stat(to).catch(() => null)
  const name = meansContent(from) ? '' : posix.basename(from)
  const isInto = local?.isDirectory() ?? to.endsWith('/')
  const path = isInto ? join(to, name) : to
  await requireFolderOf(path)
  using progress = cloud.terminal.progress(`Copying ${from} to ${path}`)
  const show = (bytes: number) => progress.update(`Copying ${from} to ${path}`, humanBytes(bytes))
  const done = { vm_id: vm.vm_id, from: at(vm, posix.resolve(homeFolder, from)), to: path }
  try {
    const answer = await api.download(vm.session_id, from, false)
    const size_bytes = await save(chunksOf(answer, show), path)
    return { ...done, files: 1, size_bytes, skipped: [] }
  } catch (error) {
    if (error instanceof NotFound) throw new Failure(`There is no ${done.from}`)
    if (!isAboutFolder(error)) throw error
  }
  if (local !== null && !local.isDirectory()) {
    throw new Failure(`${to} is a file, and ${from} a folder in the microVM`)
  }
  const archive = chunksOf(await api.download(vm.session_id, from, true))
  const { files, bytes, skipped } = await unpack(archive, path, show)
  return { ...done, files, size_bytes: bytes, skipped }
}
