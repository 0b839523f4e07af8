import { RotateCcw } from 'lucide-react'
import { memo } from 'react'
import { Button } from '../ui/button.tsx'
import type { Currency } from '../ui/format.ts'
import { number } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { cost } from './cost.ts'
import { Markdown } from './markdown.tsx'
import { ProposalCard } from './proposal-card.tsx'
import { wasSent } from './store.ts'
import type { Answered, Message, Talk } from './talks.ts'

/** What was said, the oldest first. */
export function Conversation({
  talk,
  currency,
  onAgain,
}: {
  talk: Talk
  currency: Currency
  /** Asks once more what was not answered; undefined while something is being answered. */
  onAgain: ((question: string) => void) | undefined
}) {
  return (
    <ol aria-label="Conversation" className="flex flex-col gap-6">
      {talk.messages.map((message, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: messages are only ever added at the end
        <li key={index} className="flex min-w-0 flex-col">
          {message.role === 'user' ? (
            <div className="max-w-[85%] self-end rounded-md bg-accent-soft px-3.5 py-2.5">
              <span className="sr-only">You: </span>
              <p className="whitespace-pre-wrap">{message.content}</p>
            </div>
          ) : (
            <AnswerOf
              talkId={talk.id}
              index={index}
              answer={message}
              currency={currency}
              onAgain={
                index === talk.messages.length - 1 && onAgain
                  ? () => onAgain(questionBefore(talk.messages, index))
                  : undefined
              }
            />
          )}
        </li>
      ))}
    </ol>
  )
}

const questionBefore = (messages: readonly Message[], index: number) =>
  messages.slice(0, index).findLast((message) => message.role === 'user')?.content ?? ''

const ends: Readonly<Record<Answered['end'], string | null>> = {
  going: null,
  whole: null,
  length: 'It ends here because it was as long as it may be. Ask it to go on.',
  filter: 'The model would not say more.',
  stopped: 'You stopped it. What the model had counted by then is charged.',
  failed: null,
}

const AnswerOf = memo(
  ({
    talkId,
    index,
    answer,
    currency,
    onAgain,
  }: {
    talkId: string
    index: number
    answer: Answered
    currency: Currency
    onAgain: (() => void) | undefined
  }) => (
    <article aria-label="Answer" aria-busy={answer.end === 'going'} className="flex flex-col gap-3">
      {answer.content !== '' && <Markdown text={answer.content} />}
      {answer.end === 'going' && (
        <Spinner words={answer.content === '' ? 'Thinking …' : 'Answering …'} />
      )}
      {answer.problem && (
        <Notice
          tone="problem"
          action={
            onAgain && (
              <Button icon={<RotateCcw aria-hidden className="size-4" />} onClick={onAgain}>
                Ask again
              </Button>
            )
          }
        >
          {answer.problem}
        </Notice>
      )}
      {answer.proposals.map((proposal, place) => (
        <ProposalCard
          // biome-ignore lint/suspicious/noArrayIndexKey: proposals keep their places
          key={place}
          proposal={proposal}
          onSent={(sent) => wasSent(talkId, { message: index, call: proposal }, sent)}
        />
      ))}
      {ends[answer.end] && <p className="text-sm text-ink-3">{ends[answer.end]}</p>}
      {answer.tokens > 0 && (
        <p className="text-sm text-ink-3">
          {answer.model} · {number(answer.tokens)} tokens · {cost(answer.cost, currency)}
        </p>
      )}
    </article>
  ),
)
