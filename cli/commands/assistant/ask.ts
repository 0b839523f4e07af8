/** `garrison ask`: the assistant, as it answers. */
import type { ChatCompletionsChunk, ChatStreamError } from '@garrison/contract/assistant/chat'
import type { Cloud } from '../../cloud/cloud.ts'
import { showList } from '../../cloud/show.ts'
import { Failure } from '../../failure.ts'
import { humanMoney } from '../../units.ts'

export type AskOptions = {
  readonly model?: string
  readonly models?: boolean
  readonly tools: boolean
}

export async function ask(
  cloud: Cloud,
  words: readonly string[],
  { model, models: list = false, tools }: AskOptions,
) {
  const { garrison, terminal, json } = cloud
  const { models } = await garrison.assistant.listModels()
  if (list) {
    return showList(cloud, models, {
      none: 'The operator has configured no models.',
      columns: [
        ['ID', ({ id }) => id],
        ['NAME', ({ name }) => name],
        ['FROM', ({ provider }) => provider],
        ['ASKING, PER MILLION', ({ prices }) => dollars(prices.input_per_million.USD), 'right'],
        ['ANSWERING', ({ prices }) => dollars(prices.output_per_million.USD), 'right'],
      ],
    })
  }
  const content = words.join(' ').trim()
  if (content === '') {
    throw new Failure('There is no question', {
      advice: ['Ask one: ./garrison ask "Which of my machines cost the most?"'],
      exitCode: 2,
    })
  }
  const chosen = model ?? models.find(({ is_active }) => is_active)?.id
  if (chosen === undefined) {
    throw new Failure('This Garrison has no assistant', {
      advice: ['Its operator can configure one: see "assistant" in garrison.example.yaml'],
    })
  }
  const request = {
    model: chosen,
    messages: [{ role: 'user' as const, content }],
    ...(tools && { tools: 'garrison' as const }),
  }
  if (json) return terminal.printJson(await garrison.assistant.chat(request))
  const last = await speak(cloud, garrison.assistant.chat.stream(request))
  for (const { method, path, body, summary } of last?.proposed_calls ?? []) {
    terminal.note(`It proposes, for you to send: ${summary}`)
    terminal.printRaw(`${method} ${path}${body === null ? '' : ` ${JSON.stringify(body)}`}`)
  }
  if (last?.cost !== undefined && last.currency !== undefined) {
    terminal.note(`${last.usage?.total_tokens} tokens, ${humanMoney(last.cost, last.currency)}`)
  }
}

/** Prints the words as they come. Answers the last piece, which says what they cost. */
async function speak(
  { terminal }: Cloud,
  pieces: AsyncIterable<{ readonly data: unknown }>,
): Promise<ChatCompletionsChunk | null> {
  let last: ChatCompletionsChunk | null = null
  let spoken = false
  {
    using progress = terminal.progress('Thinking')
    for await (const { data } of pieces) {
      if (typeof data !== 'object' || data === null) continue
      if ('error' in data) throw new Failure((data as ChatStreamError).message)
      const piece = data as ChatCompletionsChunk
      const text = piece.choices.map(({ delta }) => delta.content ?? '').join('')
      if (text !== '') {
        if (!spoken) progress.stop()
        spoken = true
        terminal.printPart(text)
      }
      if (piece.usage !== undefined) last = piece
    }
  }
  if (spoken) terminal.printPart('\n')
  return last
}

const dollars = (amount: number | undefined) =>
  amount === undefined ? null : humanMoney(amount, 'USD')
