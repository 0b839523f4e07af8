import { Button } from '../ui/button.tsx'
import { Facts } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Dialog, DialogBody } from '../ui/dialog.tsx'
import { Mark } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'
import { type Delivery, deliveryLooks } from './delivery.ts'

/** Every attempt at one message, with what the receiver answered. */
export function DeliveryDialog({
  delivery,
  whyNotAgain,
  onAgain,
  onClose,
}: {
  delivery: Delivery
  whyNotAgain: string | null
  onAgain: () => void
  onClose: () => void
}) {
  const { look, words } = deliveryLooks[delivery.status]
  return (
    <Dialog title={<code>{delivery.event_kind}</code>} open wide onClose={onClose}>
      <DialogBody>
        <Facts
          facts={[
            [
              'State',
              <span key="state" className="inline-flex items-center gap-1.5">
                <Mark look={look} />
                {words}
              </span>,
            ],
            [
              'Next attempt',
              delivery.next_attempt_at === null ? null : (
                <Time key="next" at={delivery.next_attempt_at} />
              ),
            ],
            ['Made', <Time key="made" at={delivery.created_at} exact />],
            [
              'Message',
              <Copyable key="message" text={delivery.message_id} name="Copy message id" />,
            ],
          ]}
        />
        {delivery.attempts.length === 0 && <p className="text-ink-3">Not tried yet.</p>}
        <ol className="flex flex-col">
          {[...delivery.attempts].reverse().map((attempt, index) => (
            <li key={attempt.at} className="flex flex-col gap-1.5 border-t border-hairline py-2.5">
              <div className="flex flex-wrap justify-between gap-x-4">
                <span className="font-medium">
                  Attempt {delivery.attempts.length - index}
                  {attempt.status_code !== null && ` · ${attempt.status_code}`}
                </span>
                <span className="text-ink-3">
                  <Time at={attempt.at} exact /> · {attempt.duration_ms} ms
                </span>
              </div>
              {attempt.error && <p className="text-problem">{attempt.error}</p>}
              {attempt.answer && (
                <pre
                  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
                  tabIndex={0}
                  className="max-h-40 overflow-auto whitespace-pre-wrap break-all rounded-md bg-sunken px-3 py-2 text-sm"
                >
                  {attempt.answer}
                </pre>
              )}
            </li>
          ))}
        </ol>
        <div className="flex justify-end gap-2">
          <Button
            reason={
              whyNotAgain ?? (delivery.status === 'pending' ? 'It is still on its way' : null)
            }
            onClick={onAgain}
          >
            Send again
          </Button>
          <Button look="primary" onClick={onClose}>
            Close
          </Button>
        </div>
      </DialogBody>
    </Dialog>
  )
}
