import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOpenAiUpstream } from './openai-upstream.ts'
import {
  breaksAfter,
  calls,
  configured,
  createStandIn,
  finish,
  holds,
  refuses,
  type StandIn,
  says,
  sends,
  usage,
  word,
} from './testing.ts'
import { type Piece, UpstreamFailure, type UpstreamRequest } from './upstream.ts'

let standIn: StandIn
beforeAll(async () => {
  standIn = await createStandIn()
})
afterAll(() => standIn.close())

const request: UpstreamRequest = {
  model: 'their-m',
  messages: [{ role: 'user', content: 'Hello' }],
  temperature: 1,
  maxTokens: 100,
}

async function ask(
  change: Partial<UpstreamRequest> = {},
  { url = standIn.url, seconds = 5, signal = new AbortController().signal } = {},
) {
  const { upstreams, ...rest } = configured([url])
  const [first] = upstreams
  if (first?.kind !== 'openai') throw new Error('not an OpenAI one')
  const timeouts = { ...rest, first_byte_seconds: seconds, idle_seconds: seconds }
  const pieces: Piece[] = []
  const upstream = createOpenAiUpstream(first, timeouts)
  for await (const piece of upstream.answer({ ...request, ...change }, signal)) pieces.push(piece)
  return pieces
}

const failure = async (asked: Promise<unknown>) => {
  const error = await asked.then(
    () => 'none',
    (reason: unknown) => reason,
  )
  if (!(error instanceof UpstreamFailure)) throw new Error(`no failure: ${error}`)
  return error
}

describe('an OpenAI-compatible upstream', () => {
  it('is asked with its key for a stream with a count, and read piece by piece', async () => {
    standIn.will(says('Good day'))
    expect(await ask({ topP: 0.5, stop: ['\n'] })).toEqual([
      { kind: 'text', text: 'Good ' },
      { kind: 'text', text: 'day' },
      { kind: 'end', reason: 'stop', toolCalls: [], tokens: { prompt: 10, completion: 5 } },
    ])
    expect(standIn.requests.at(-1)).toMatchObject({
      path: '/v1/chat/completions',
      authorization: 'Bearer secret-0',
      body: {
        model: 'their-m',
        messages: request.messages,
        ...{ max_tokens: 100, temperature: 1, top_p: 0.5, stop: ['\n'], stream: true },
        stream_options: { include_usage: true },
      },
    })
  })

  it('puts together calls that come in pieces, and tells what they found', async () => {
    standIn.will(calls('list_instances', { region: 'LOCAL-1' }))
    const [end] = await ask({
      tools: [{ name: 'list_instances', description: '', parameters: {} }],
    })
    const call = { id: 'call_a', name: 'list_instances', arguments: '{"region":"LOCAL-1"}' }
    expect(end).toMatchObject({ kind: 'end', toolCalls: [call] })
    standIn.will(says('One'))
    await ask({
      messages: [
        { role: 'assistant', content: '', toolCalls: [call] },
        { role: 'tool', toolCallId: 'call_a', content: '{}' },
      ],
    })
    expect(standIn.requests.at(-1)?.body.messages).toEqual([
      {
        role: 'assistant',
        content: '',
        tool_calls: [
          {
            id: 'call_a',
            type: 'function',
            function: { name: call.name, arguments: call.arguments },
          },
        ],
      },
      { role: 'tool', tool_call_id: 'call_a', content: '{}' },
    ])
  })

  it.each([
    ['fails', refuses(500), 'down', /failed with 500/],
    ['has too much to do', refuses(429, {}, { 'Retry-After': '17' }), 'busy', /too much to do/],
    [
      'does not know our key',
      refuses(401, { error: { message: 'sk-secret' } }),
      'misconfigured',
      /refuses us with 401/,
    ],
    ['does not know the model', refuses(404), 'misconfigured', /refuses us with 404/],
    [
      'will not have the request',
      refuses(400, { error: { message: 'context\nlength is 4096' } }),
      'refused',
      /^context length is 4096$/,
    ],
    [
      'will not have it and says nothing',
      refuses(422, 'junk'),
      'refused',
      /does not take this request/,
    ],
    [
      'sends us elsewhere',
      refuses(302, {}, { Location: 'http://127.0.0.1:1/' }),
      'down',
      /cannot be reached/,
    ],
    ['answers a page', refuses(200, '<html>'), 'nonsense', /other than a stream/],
    ['sends no JSON', sends('{'), 'nonsense', /no chunk/],
    [
      'tells of an error in the stream',
      sends(word('A'), { error: { message: 'out of memory' } }),
      'down',
      /broke off/,
    ],
    ['does not finish', sends(word('A'), usage(1, 1)), 'down', /broke off/],
    ['breaks the connection', breaksAfter('A'), 'down', /cannot be reached/],
    ['does not count', sends(word('A'), finish()), 'nonsense', /no count/],
    [
      'counts below nothing',
      sends(finish(), usage(-1, 5)),
      'nonsense',
      /count of tokens that is none/,
    ],
    ['counts in parts', sends(finish(), usage(1.5, 5)), 'nonsense', /count of tokens that is none/],
    [
      'counts in words',
      sends(finish(), usage('many', 5)),
      'nonsense',
      /count of tokens that is none/,
    ],
  ])('is told of when it %s', async (_what, reply, kind, words) => {
    standIn.will(reply)
    const error = await failure(ask())
    expect(error).toMatchObject({ kind })
    expect(error.message).toMatch(words)
    expect(error.message).not.toContain('secret')
  })

  it('is down where nobody listens', async () => {
    expect(await failure(ask({}, { url: 'http://127.0.0.1:1/v1' }))).toMatchObject({ kind: 'down' })
  })

  it.each([
    ['does not begin', holds(''), /did not begin/],
    ['stops in the middle', holds('A'), /stopped in the middle/],
  ])('is given up when it %s', async (_what, held, words) => {
    standIn.will(held.reply)
    const error = await failure(ask({}, { seconds: 0.05 }))
    expect(error).toMatchObject({ kind: 'down', message: expect.stringMatching(words) })
    held.release()
  })

  it('is let go of when nobody waits any more', async () => {
    const held = holds('A')
    standIn.will(held.reply)
    const controller = new AbortController()
    const asked = ask({}, { signal: controller.signal })
    const { left } = await held.arrived
    const closed = new Promise((resolve) => left.addEventListener('abort', resolve))
    controller.abort(new Error('gone'))
    await expect(asked).rejects.toThrow('gone')
    await closed
  })
})
