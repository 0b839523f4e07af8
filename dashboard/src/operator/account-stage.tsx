import type { Answer } from '../api/client.ts'
import { type Look, Mark } from '../ui/status.tsx'

type Account = Pick<
  Answer<'get', '/api/operator/accounts/'>['accounts'][number],
  'suspended' | 'stage'
>

const stages: Readonly<Record<Account['stage'], { look: Look; words: string }>> = {
  ok: { look: 'running', words: 'May act' },
  'low-24h': { look: 'warning', words: 'Less than a day left' },
  'low-6h': { look: 'warning', words: 'Less than 6 hours left' },
  'low-1h': { look: 'warning', words: 'Less than an hour left' },
  depleted: { look: 'problem', words: 'No credits left' },
}

/** Whether an account may act, and how far its credits are used up. */
export function AccountStage({ account: { suspended, stage } }: { account: Account }) {
  const { look, words } =
    suspended === null ? stages[stage] : { look: 'problem' as const, words: 'Suspended' }
  return (
    <span className="inline-flex items-center gap-1.5 text-ink-2" title={suspended?.reason}>
      <Mark look={look} />
      {words}
    </span>
  )
}
