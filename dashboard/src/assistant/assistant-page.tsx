/** A model that answers, may look into the account, and proposes calls that somebody may then send. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { MessageSquarePlus, Trash2 } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { reading } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button } from '../ui/button.tsx'
import { number } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { AssistantTabs } from './assistant-tabs.tsx'
import { Composer } from './composer.tsx'
import { Conversation } from './conversation.tsx'
import { cost } from './cost.ts'
import { ForgetDialog } from './forget-dialog.tsx'
import { NoModel } from './no-model.tsx'
import { put, stop, useTalks, type Way } from './store.ts'
import { TalkList } from './talk-list.tsx'
import { spent, type Talk } from './talks.ts'

const examples = [
  'Which of my instances cost the most?',
  'What do I pay per month if nothing changes?',
  'How do I open port 443 for everybody?',
  'Take a snapshot of my largest instance.',
]
const stored = 'garrison-assistant-way'
const none: Talk['messages'] = []

export function AssistantPage() {
  const { talk: talkId } = useSearch({ from: '/shell/assistant' })
  const navigate = useNavigate({ from: '/assistant' })
  const me = useMe()
  const { talks, answering } = useTalks(me.id)
  const talk = talks.find(({ id }) => id === talkId)
  const list = useQuery({ ...reading('/api/ai/models/'), staleTime: 60_000 })
  const models = list.data?.models ?? []
  const [question, setQuestion] = useState('')
  const [chosen, setWay] = useState<Way>(storedWay)
  const [leaving, setLeaving] = useState(false)
  const active = models.filter(({ is_active }) => is_active)
  const way = active.some(({ id }) => id === chosen.model)
    ? chosen
    : { ...chosen, model: active[0]?.id ?? '' }
  const going = talk !== undefined && answering === talk.id
  useFollowing(talk?.messages ?? none)

  const ask = (text: string) => {
    const id = put(text, talk?.id, way)
    setQuestion('')
    if (id !== talkId) void navigate({ search: { talk: id } })
  }
  const change = (next: Way) => {
    setWay(next)
    localStorage.setItem(stored, JSON.stringify(next))
  }
  const sum = talk && spent(talk)
  return (
    <Page
      guide="assistant"
      title="Assistant"
      tab={talk ? `${talk.title} · Assistant` : 'Assistant'}
      lead="It answers from what you may see. It changes nothing: what it would change, it proposes."
      calls={[
        {
          method: 'POST',
          path: '/api/ai/chat/completions/',
          body: {
            model: way.model || 'MODEL',
            messages: [{ role: 'user', content: examples[0] }],
            tools: 'garrison',
          },
          command: `garrison ask "${examples[0]}"`,
        },
      ]}
      action={
        <Button
          look="primary"
          icon={<MessageSquarePlus aria-hidden className="size-4" />}
          reason={talk === undefined ? 'This is a new conversation' : null}
          onClick={() => void navigate({ search: {} })}
        >
          New conversation
        </Button>
      }
    >
      <AssistantTabs />
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="models" />}
      {list.data && active.length === 0 && <NoModel operator={me.role === 'operator'} />}
      {active.length > 0 && (
        <div className="grid gap-x-10 gap-y-6 lg:grid-cols-[15rem_minmax(0,1fr)]">
          <TalkList talks={talks} current={talk?.id} answering={answering} />
          <div className="flex min-h-[60dvh] min-w-0 flex-col gap-4">
            {talk && sum && (
              <div className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-hairline pb-2">
                <h2 className="min-w-0 grow text-lg">{talk.title}</h2>
                <span className="text-ink-3">
                  {number(sum.tokens)} tokens · {cost(sum.cost, me.currency)} in all
                </span>
                <Button
                  look="quiet"
                  icon={<Trash2 aria-hidden className="size-4" />}
                  onClick={() => setLeaving(true)}
                >
                  Delete
                </Button>
              </div>
            )}
            <div className="grow">
              {talk ? (
                <Conversation
                  talk={talk}
                  currency={me.currency}
                  onAgain={answering === null ? ask : undefined}
                />
              ) : (
                <Begin onChoose={setQuestion} gone={talkId !== undefined} />
              )}
            </div>
            <p role="status" className="sr-only">
              {talk && (going ? 'An answer is being made' : 'The answer is there')}
            </p>
            <Composer
              models={models}
              way={way}
              onWay={change}
              currency={me.currency}
              question={question}
              onQuestion={setQuestion}
              onAsk={ask}
              onStop={answering === null ? undefined : stop}
            />
          </div>
        </div>
      )}
      {leaving && talk && (
        <ForgetDialog
          talks={[talk]}
          onClose={() => setLeaving(false)}
          onDone={() => void navigate({ search: {}, replace: true })}
        />
      )}
    </Page>
  )
}

function Begin({ onChoose, gone }: { onChoose: (question: string) => void; gone: boolean }) {
  return (
    <div className="flex max-w-prose flex-col items-start gap-4">
      {gone && (
        <p className="text-ink-2">
          That conversation is not in this browser: it was deleted, or is in another one.
        </p>
      )}
      <h2 className="text-lg">What would you like to know?</h2>
      <p className="text-ink-2">
        What you write goes to the model that you choose, with what it looks up in your account. The
        server stores none of it, and each answer says what it cost. Conversations stay in this
        browser until you delete them or sign out.
      </p>
      <ul className="flex flex-col items-start gap-2">
        {examples.map((words) => (
          <li key={words}>
            <Button
              className="h-auto min-h-(--control) whitespace-normal py-1 text-left"
              onClick={() => onChoose(words)}
            >
              {words}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  )
}

function storedWay(): Way {
  const usual = { model: '', looks: true, most: 2048 }
  try {
    const read: unknown = JSON.parse(localStorage.getItem(stored) ?? '{}')
    return typeof read === 'object' && read !== null ? { ...usual, ...read } : usual
  } catch {
    return usual
  }
}

/** Keeps the end in sight while an answer grows, unless somebody has scrolled up to read. */
function useFollowing(messages: Talk['messages']) {
  const before = useRef(messages.length)
  useEffect(() => {
    const page = document.documentElement
    const below = page.scrollHeight - page.scrollTop - page.clientHeight
    const asked = messages.length > before.current
    before.current = messages.length
    if (asked || below < 240) scrollTo({ top: page.scrollHeight })
  }, [messages])
}
