/** Files and folders to and from the machine of a session. */
import type { Readable } from 'node:stream'
import { maximumUploadBytes } from '@garrison/contract/microvms/facts'
import { GuestError } from '@garrison/engines/engine'
import { recordAudit } from '../../accounts/audit.ts'
import type { Caller } from '../../caller.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../database/database.ts'
import { DomainError } from '../../errors.ts'
import type { Hosting } from '../hosting.ts'
import type { MicrovmSessionService } from '../sessions/service.ts'
import { pathInGuest } from './paths.ts'
import { filesIn } from './tar.ts'

export type FileDeps = {
  db: Database
  clock: Clock
  hosting: Hosting
  microvmSessions: MicrovmSessionService
}

export function createMicrovmFileService(deps: FileDeps) {
  const { db, clock, hosting, microvmSessions } = deps

  return {
    /**
     * `recursive`: the file is an archive, whose content goes below the path. `begins`: nothing has been
     * written before that. `hungUp`: nobody waits for it any more.
     */
    async upload(
      caller: Caller,
      input: {
        sessionId: string
        path: string
        recursive: boolean
        file: File
        begins: () => void
      },
      { hungUp, longestMs }: { hungUp: AbortSignal | null; longestMs: number },
    ) {
      const path = pathInGuest('remote_path', input.path)
      const content = new Uint8Array(await input.file.arrayBuffer())
      // All of it is looked at before the first byte is written.
      const files = input.recursive
        ? [...filesIn(content)].map((each) => ({
            ...each,
            path: pathInGuest('file', each.name.replace(/^(\.?\/)+/, ''), path),
          }))
        : [{ path, mode: undefined, content }]
      const machine = await microvmSessions.machine(caller, input.sessionId)
      const engine = hosting.engine(machine.region)
      // Ahead of the first byte: what came before it stopped is there.
      const sizeBytes = files.reduce((sum, each) => sum + each.content.length, 0)
      const subject = { subjectKind: 'microvm', subjectId: machine.publicId }
      const detail = { path, files: files.length, size_bytes: sizeBytes }
      const entry = { action: 'microvm.upload', ...subject, detail }
      await recordAudit(db, caller, entry, clock.now())
      input.begins()
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(tooLong(longestMs)), longestMs)
      const signal = AbortSignal.any([late.signal, ...(hungUp === null ? [] : [hungUp])])
      try {
        for (const { path, content, mode } of files) {
          const limits = { mostBytes: maximumUploadBytes, signal }
          const options = { ...limits, ...(mode !== undefined && { mode }) }
          await engine.writeFile(machine.id, path, once(content), options)
        }
      } finally {
        clearTimeout(timer)
      }
      return { machine, path, sizeBytes, files: files.length }
    },

    /** Whoever asked reads it to the end or destroys it. */
    async open(caller: Caller, input: { sessionId: string; path: string; recursive: boolean }) {
      const path = pathInGuest('filename', input.path)
      const machine = await microvmSessions.runningMachine(caller, input.sessionId)
      const engine = hosting.engine(machine.region)
      const stream = input.recursive
        ? await engine.readFolder(machine.id, path)
        : await engine.readFile(machine.id, path)
      return { machine, path, stream }
    },
  }
}

const tooLong = (ms: number) =>
  new GuestError(
    'silent',
    `The machine did not take all of it within ${ms / 60_000} minutes; what came before is there`,
  )

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}

/** Of a stream that is not longer than an answer may be. */
export async function wholeOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size > maximumUploadBytes) {
      stream.destroy()
      const most = `${maximumUploadBytes / 1024 / 1024} MiB`
      throw new DomainError(
        'PAYLOAD_TOO_LARGE',
        `It has more than ${most}; ask with Accept: application/octet-stream for the bytes themselves`,
      )
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

export type MicrovmFileService = ReturnType<typeof createMicrovmFileService>
