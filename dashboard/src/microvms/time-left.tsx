import { duration, localTime, utcTime } from '../ui/format.ts'
import { Time, useNow } from '../ui/time.tsx'
import type { Vm } from './vm.ts'

const soonSeconds = 120

/** Until it ends by itself; that it is nearly there is to be seen from afar. */
export function TimeLeft({ vm: { ends_at, terminated_at } }: { vm: Vm }) {
  const now = useNow()
  if (terminated_at !== null)
    return (
      <span className="text-ink-3">
        ended <Time at={terminated_at} />
      </span>
    )
  if (ends_at === null) return <span className="text-ink-3">not begun</span>
  const end = new Date(ends_at)
  const seconds = (end.getTime() - now.getTime()) / 1000
  return (
    <time
      dateTime={ends_at}
      title={`${localTime(end)} (${utcTime(end)})`}
      className={seconds < soonSeconds ? 'whitespace-nowrap text-warning' : 'whitespace-nowrap'}
    >
      {seconds <= 0 ? 'ending' : duration(seconds)}
    </time>
  )
}
