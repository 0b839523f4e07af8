import { CircleCheck, Info, OctagonAlert, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from './cx.ts'

const tones = {
  info: { Icon: Info, className: 'bg-sunken text-ink-2', mark: 'text-ink-3' },
  good: { Icon: CircleCheck, className: 'bg-running-soft text-ink', mark: 'text-running' },
  warning: { Icon: TriangleAlert, className: 'bg-warning-soft text-ink', mark: 'text-warning' },
  problem: { Icon: OctagonAlert, className: 'bg-problem-soft text-ink', mark: 'text-problem' },
} as const

/** A sentence or two that belong to what stands around it. Problems are announced. */
export function Notice({
  tone = 'info',
  children,
  action,
}: {
  tone?: keyof typeof tones
  children: ReactNode
  action?: ReactNode
}) {
  const { Icon, className, mark } = tones[tone]
  return (
    <div
      role={tone === 'problem' ? 'alert' : undefined}
      className={cx('flex flex-wrap items-start gap-x-3 gap-y-2 rounded-md px-3 py-2.5', className)}
    >
      <Icon aria-hidden className={cx('mt-0.5 size-4 shrink-0', mark)} />
      <div className="min-w-48 grow basis-0">{children}</div>
      {action}
    </div>
  )
}
