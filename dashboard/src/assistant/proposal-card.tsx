import { useMutation } from '@tanstack/react-query'
import { Check, Send, X } from 'lucide-react'
import { send } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Code } from '../ui/copy.tsx'
import { Notice } from '../ui/notice.tsx'
import type { Proposal } from './talks.ts'

const stateWords = (sent: Proposal['sent']) => {
  if (sent === null) return 'Proposed; nobody has sent it'
  return sent.ok ? 'Proposed, and sent by you' : 'Proposed and sent, but refused'
}

/** A call that the model advises. Nothing has happened yet: whoever reads it may send it. */
export function ProposalCard({
  proposal,
  onSent,
}: {
  proposal: Proposal
  onSent: (sent: { ok: boolean; words: string }) => void
}) {
  const { method, path, body, summary, sent } = proposal
  const deletes = method === 'DELETE'
  const call = useMutation({
    mutationFn: () => send<{ message?: unknown }>(method, path, body === null ? {} : { body }),
    onSuccess: async (answer) => {
      onSent({ ok: true, words: typeof answer.message === 'string' ? answer.message : 'Done' })
      await stale('/api/')
    },
    onError: (error) => onSent({ ok: false, words: wordsOf(error) }),
  })
  return (
    <section
      aria-label={`Proposed: ${summary}`}
      className="flex max-w-prose flex-col gap-3 rounded-md border border-hairline bg-raised px-4 py-3"
    >
      <div>
        <p className="text-sm text-ink-3">{stateWords(sent)}</p>
        <p className="font-medium">{summary}</p>
      </div>
      <Code
        text={`${method} ${path}${body === null ? '' : `\n${JSON.stringify(body, null, 2)}`}`}
        label="proposed call"
      />
      {deletes && !sent?.ok && (
        <Notice tone="warning">It deletes something. That cannot be undone.</Notice>
      )}
      {sent && (
        <p
          role="status"
          className={`flex items-start gap-2 ${sent.ok ? 'text-ink-2' : 'text-problem'}`}
        >
          {sent.ok ? (
            <Check aria-hidden className="mt-0.5 size-4 shrink-0 text-running" />
          ) : (
            <X aria-hidden className="mt-0.5 size-4 shrink-0" />
          )}
          {sent.words}
        </p>
      )}
      {!sent?.ok && (
        <div className="flex flex-wrap items-center gap-3">
          <Button
            look={deletes ? 'danger' : 'primary'}
            icon={<Send aria-hidden className="size-4" />}
            busy={call.isPending && 'Sending…'}
            onClick={() => call.mutate()}
          >
            {sent ? 'Send it again' : 'Send this call'}
          </Button>
          <span className="text-sm text-ink-3">By your own rights, in your name.</span>
        </div>
      )}
    </section>
  )
}
