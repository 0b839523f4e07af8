/**
 * An answer as server-sent events. It begins once there is something to say: until then whatever goes
 * wrong is an ordinary error with its own status.
 */
import type { ChatCompletionsChunk, ChatStreamError } from '@garrison/contract/assistant/chat'
import type { RequestCaller } from '../caller.ts'
import { DomainError } from '../errors.ts'
import type { AppContext } from '../http/answers.ts'
import type { Log } from '../log.ts'
import type { AssistantService, Ticket } from './service.ts'
import { chunk, closingChunk } from './view.ts'

type Call = { assistant: AssistantService; ticket: Ticket; caller: RequestCaller; log: Log }

export async function streamAnswer(c: AppContext, call: Call): Promise<Response> {
  const { assistant, ticket, caller, log } = call
  const requestId = c.get('requestId')
  const hungUp = new AbortController()
  const gone = AbortSignal.any([c.req.raw.signal, hungUp.signal])
  const events = createEvents(() => hungUp.abort())
  const begun = Promise.withResolvers<void>()

  let first = true
  const onText = (content: string) => {
    events.send(chunk(ticket, first ? { role: 'assistant', content } : { content }))
    first = false
    begun.resolve()
  }
  const answering = assistant.run(ticket, caller, { gone, onText, log })
  const finished = answering.then(
    (answer) => {
      events.send(chunk(ticket, first ? { role: 'assistant', content: '' } : {}, answer.reason))
      events.send(closingChunk(ticket, answer, requestId))
      events.end('[DONE]')
    },
    (error: unknown) => {
      if (first) throw error
      if (!gone.aborted) log('error', 'a streamed answer failed', { request_id: requestId, error })
      events.send(errorEvent(error, requestId))
      events.end()
    },
  )
  await Promise.race([begun.promise, finished])
  c.header('Content-Type', 'text/event-stream; charset=utf-8')
  // Proxies that collect an answer before they pass it on would make a stream of it no more.
  c.header('X-Accel-Buffering', 'no')
  if (isSimulated(ticket)) c.header('Garrison-Simulated', 'true')
  return c.body(events.stream)
}

/** Known before there is an answer only where every upstream is. */
const isSimulated = ({ model }: Pick<Ticket, 'model'>) => model.simulated

function createEvents(onCancel: () => void) {
  const encoder = new TextEncoder()
  let open: ReadableStreamDefaultController<Uint8Array> | null = null
  // What is not read yet waits here: no more than one answer, which the upstream's limits bound.
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      open = controller
    },
    cancel() {
      open = null
      onCancel()
    },
  })
  const write = (data: string) => open?.enqueue(encoder.encode(`data: ${data}\n\n`))
  return {
    stream,
    send: (event: ChatCompletionsChunk | ChatStreamError) => write(JSON.stringify(event)),
    end(last?: string) {
      if (last !== undefined) write(last)
      open?.close()
      open = null
    },
  }
}

function errorEvent(error: unknown, request_id: string): ChatStreamError {
  const known = error instanceof DomainError
  const code = known ? error.code : 'INTERNAL_ERROR'
  const message = known
    ? error.message
    : 'Something went wrong on our side; the request id finds it in the server log'
  return { success: false, message, error_code: code, request_id, error: { message, code } }
}
