import { Button } from '../ui/button.tsx'
import { Code } from '../ui/copy.tsx'
import { Dialog, DialogBody } from '../ui/dialog.tsx'
import { Notice } from '../ui/notice.tsx'

/** The one time that the text of a key is there. It closes by its button alone: a slip would lose it. */
export function KeepKeyDialog({
  name,
  text,
  withoutBudget,
  onClose,
}: {
  name: string
  text: string
  /** Why its budget could not be set. */
  withoutBudget: string | null
  onClose: () => void
}) {
  return (
    <Dialog title={`Keep the key “${name}”`} open wide>
      <DialogBody>
        <Notice tone="warning">
          Copy it now: only its hash is kept, and nobody can show it again.
        </Notice>
        <Code text={text} label="key" />
        {withoutBudget && (
          <Notice tone="problem">Its budget could not be set: {withoutBudget}</Notice>
        )}
        <p className="text-ink-2">With it from a shell, and as a login of the command:</p>
        <Code
          text={`export GARRISON_API_KEY=…\ncurl -H "Authorization: Api-Key $GARRISON_API_KEY" ${location.origin}/api/account/`}
          label="curl command"
        />
        <Code text={`garrison login ${location.origin}`} label="garrison command" />
        <div className="flex justify-end">
          <Button look="primary" onClick={onClose}>
            I have it
          </Button>
        </div>
      </DialogBody>
    </Dialog>
  )
}
