import { cx } from '../ui/cx.ts'
import type { Amounts } from './capacity.ts'

/** From here on a host is as good as full, in shares of what may be promised. */
const nearlyFull = 0.9

/** What is promised of what may be: a line that fills, and both numbers. */
export function CapacityBar({
  amounts: { total, promised, free },
  format,
  small = false,
}: {
  amounts: Amounts
  format: (amount: number) => string
  small?: boolean
}) {
  if (total === 0 && promised === 0) return <span className="text-ink-3">none</span>
  const share = total === 0 ? 1 : Math.min(1, promised / total)
  const over = free < 0
  return (
    <span className={cx('flex flex-col gap-1', small ? 'w-28' : 'w-full')}>
      <span className="flex justify-between gap-3 whitespace-nowrap text-sm">
        <span className={over ? 'text-problem' : 'text-ink-2'}>
          {format(promised)} <span className="text-ink-3">of {format(total)}</span>
        </span>
        {!small && (
          <span className={over ? 'text-problem' : 'text-ink-3'}>
            {over ? `${format(-free)} too much` : `${format(free)} free`}
          </span>
        )}
      </span>
      <span aria-hidden className="block h-1.5 rounded-full bg-hairline">
        <span
          className={cx(
            'block h-full rounded-full',
            over ? 'bg-problem' : share >= nearlyFull ? 'bg-warning' : 'bg-accent',
          )}
          style={{ width: `${share * 100}%` }}
        />
      </span>
    </span>
  )
}
