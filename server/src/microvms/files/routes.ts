import { Readable } from 'node:stream'
import * as contract from '@garrison/contract/microvms/execution'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Once } from '../../http/once.ts'
import { type MicrovmFileService, wholeOf } from './service.ts'

const isTrue = (said: string | undefined) => said?.toLowerCase() === 'true'

const longestUploadMs = 10 * 60_000

type Deps = { microvmFiles: MicrovmFileService; once: Once }

export function microvmFileRoutes(app: App, { microvmFiles, once }: Deps) {
  app.openapi(contract.upload, async (c) => {
    const { file, remote_path, session_id, recursive } = c.req.valid('form')
    const body = await once(c, { longestMs: longestUploadMs }, async ({ keyed, begins }) => {
      const asked = { sessionId: session_id, recursive: isTrue(recursive), file, begins }
      const path = remote_path ?? (isTrue(recursive) ? '.' : file.name)
      const put = await microvmFiles.upload(
        callerOf(c),
        { ...asked, path },
        { hungUp: keyed ? null : c.req.raw.signal, longestMs: longestUploadMs },
      )
      return {
        message: 'Uploaded',
        ...{ session_id: put.machine.sessionId, vm_id: put.machine.publicId },
        ...{ remote_path: put.path, size_bytes: put.sizeBytes, files: put.files },
      }
    })
    return c.json(body, 200)
  })

  app.openapi(contract.download, async (c) => {
    const input = c.req.valid('form')
    const asked = { sessionId: input.session_id, path: input.filename }
    const recursive = isTrue(input.recursive)
    const { machine, path, stream } = await microvmFiles.open(callerOf(c), { ...asked, recursive })
    if (c.req.header('accept')?.includes('application/octet-stream')) {
      const headers = { 'Content-Type': 'application/octet-stream' }
      // The document has both answers; the type of the route knows the first.
      return new Response(Readable.toWeb(stream) as ReadableStream, { headers }) as never
    }
    const content = await wholeOf(stream)
    return c.json(
      {
        ...{ filename: path, session_id: machine.sessionId, vm_id: machine.publicId },
        ...{ content: content.toString('base64'), size_bytes: content.length },
        format: recursive ? ('tar' as const) : ('file' as const),
      },
      200,
    )
  })
}
