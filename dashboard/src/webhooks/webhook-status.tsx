import { Mark } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'

/** On, failing, or off; with the reason where nobody asked for it. */
export function WebhookStatus({
  webhook: { enabled, disabled_reason, failing_since },
}: {
  webhook: { enabled: boolean; disabled_reason: string | null; failing_since: string | null }
}) {
  if (!enabled) {
    return (
      <span className="inline-flex items-center gap-1.5" title={disabled_reason ?? undefined}>
        <Mark look={disabled_reason === null ? 'stopped' : 'problem'} />
        {disabled_reason === null ? 'Off' : 'Switched off'}
      </span>
    )
  }
  if (failing_since !== null) {
    return (
      <span className="inline-flex items-center gap-1.5">
        <Mark look="warning" />
        <span>
          Failing
          <span className="hidden text-ink-3 sm:inline">
            {' '}
            since <Time at={failing_since} />
          </span>
        </span>
      </span>
    )
  }
  return (
    <span className="inline-flex items-center gap-1.5">
      <Mark look="running" />
      On
    </span>
  )
}
