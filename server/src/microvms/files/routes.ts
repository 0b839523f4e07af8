import { Readable } from 'node:stream'
import * as contract from '@garrison/contract/microvms/execution'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import { type MicrovmFileService, wholeOf } from './service.ts'

const isTrue = (said: string | undefined) => said?.toLowerCase() === 'true'

export function microvmFileRoutes(
  app: App,
  { microvmFiles }: { microvmFiles: MicrovmFileService },
) {
  app.openapi(contract.upload, async (c) => {
    const { file, remote_path, session_id, recursive } = c.req.valid('form')
    const { machine, path, sizeBytes, files } = await microvmFiles.upload(callerOf(c), {
      ...{ sessionId: session_id, recursive: isTrue(recursive), file },
      path: remote_path ?? (isTrue(recursive) ? '.' : file.name),
    })
    return c.json(
      {
        message: 'Uploaded',
        ...{ session_id: machine.sessionId, vm_id: machine.publicId, remote_path: path },
        ...{ size_bytes: sizeBytes, files },
      },
      200,
    )
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
