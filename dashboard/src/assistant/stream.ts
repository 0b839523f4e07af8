/** Asks a model, and hears its answer while it is made. */
import type {
  ChatCompletionsChunk,
  ChatCompletionsRequest,
} from '@garrison/contract/assistant/chat'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { ApiError, errorOf } from '../api/errors.ts'

type Asking = Pick<ChatCompletionsRequest, 'model' | 'messages' | 'tools' | 'max_tokens'>
type Failed = { message: string; error_code: string; request_id: string }

/**
 * Calls `onChunk` with each piece. Throws an `ApiError` where the answer fails, before it begins or in the
 * middle of it, and an AbortError where it is stopped.
 */
export async function ask(
  question: Asking,
  { signal, onChunk }: { signal: AbortSignal; onChunk: (chunk: ChatCompletionsChunk) => void },
): Promise<void> {
  const response = await fetch('/api/ai/chat/completions/', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...question, stream: true }),
    signal,
  }).catch((cause: unknown) => {
    if (signal.aborted) throw cause
    throw lost()
  })
  if (!response.ok || response.body === null) {
    throw errorOf(response, await response.json().catch(() => null))
  }
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  for (;;) {
    const { done, value } = await events.read()
    // A stream that ends without its last word has broken.
    if (done) throw lost()
    if (value.data === '[DONE]') return
    const said = JSON.parse(value.data) as ChatCompletionsChunk | Failed
    if ('error_code' in said) {
      throw new ApiError({
        status: 502,
        code: said.error_code,
        message: said.message,
        requestId: said.request_id,
      })
    }
    onChunk(said)
  }
}

const lost = () =>
  new ApiError({
    status: 0,
    code: 'NO_CONNECTION',
    message: 'The connection broke before the answer was whole. Ask again.',
  })
