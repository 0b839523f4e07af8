import { cx } from '../ui/cx.ts'
import { type Look, Mark } from '../ui/status.tsx'
import { type Host, hostState } from './capacity.ts'

const states = {
  active: { look: 'running', words: 'Takes machines' },
  drained: { look: 'warning', words: 'Drained' },
  missing: { look: 'problem', words: 'Does not answer' },
} as const satisfies Record<ReturnType<typeof hostState>, { look: Look; words: string }>

export const hostStates = Object.entries(states).map(([value, { words }]) => ({ value, words }))

export function HostStatus({ host }: { host: Host }) {
  const { look, words } = states[hostState(host)]
  return (
    <span className="inline-flex items-center gap-1.5">
      <Mark look={look} />
      <span
        className={cx(look === 'problem' ? 'text-problem' : 'text-ink-2')}
        title={host.drained?.reason}
      >
        {words}
      </span>
    </span>
  )
}
