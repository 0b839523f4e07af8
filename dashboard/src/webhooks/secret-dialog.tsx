import { Button } from '../ui/button.tsx'
import { Code } from '../ui/copy.tsx'
import { Dialog, DialogBody } from '../ui/dialog.tsx'
import { Notice } from '../ui/notice.tsx'

/** The one time that a secret is there. It closes by its button alone: a slip would lose it. */
export function SecretDialog({
  title,
  url,
  secret,
  note,
  onClose,
}: {
  title: string
  url: string
  secret: string
  /** What becomes of the former one. */
  note?: string
  onClose: () => void
}) {
  return (
    <Dialog title={title} open wide>
      <DialogBody>
        <Notice tone="warning">Copy it now: nobody can show it again.</Notice>
        <Code text={secret} label="secret" />
        {note && <p>{note}</p>}
        <p className="text-ink-2">
          What is sent to <span className="break-all">{url}</span> is signed with it, as Standard
          Webhooks says: libraries for most languages are at standardwebhooks.com. In Node:
        </p>
        <Code
          text={`import { Webhook } from 'standardwebhooks'\n\nconst event = new Webhook(secret).verify(body, headers)`}
          label="example"
        />
        <div className="flex justify-end">
          <Button look="primary" onClick={onClose}>
            I have it
          </Button>
        </div>
      </DialogBody>
    </Dialog>
  )
}
