import { useMutation } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { patch } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { Switch, TextArea } from '../ui/fields.tsx'
import { plural } from '../ui/format.ts'
import { tell, tellProblem } from '../ui/toast.tsx'
import type { Account } from './account-page.tsx'

/** Refuses whatever an account asks for, or lets it in again. */
export function SuspendDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [stop, setStop] = useState(false)
  const { running } = account.counts
  const begin = account.suspended === null
  const change = useMutation({
    mutationFn: () =>
      patch('/api/operator/accounts/{account_id}/', {
        params: { account_id: account.id },
        body: begin
          ? { suspended: true, reason: reason.trim(), ...(stop ? { stop } : {}) }
          : { suspended: false },
      }),
    onSuccess: async ({ stopped, not_stopped }) => {
      await stale('/api/operator/')
      onClose()
      if (stopped.length > 0) tell(`${plural(stopped.length, 'instance')} of ${account.name} stop`)
      for (const each of not_stopped) tellProblem(new Error(`${each.id} runs on: ${each.reason}`))
    },
  })
  return (
    <FormDialog
      title={begin ? 'Suspend account' : 'End the suspension'}
      icon={begin && <TriangleAlert aria-hidden className="size-5 text-problem" />}
      open
      onClose={onClose}
      onSubmit={() => change.mutate()}
      submit={begin ? 'Suspend account' : 'Let it go on'}
      submitting={begin ? 'Suspending…' : 'Letting it go on…'}
      pending={change.isPending}
      error={change.error}
      look={begin ? 'danger' : 'primary'}
      reason={begin && reason.trim() === '' ? 'Say why; the account is told' : null}
    >
      {begin ? (
        <>
          <p>
            The keys and sessions of <strong className="font-semibold">{account.name}</strong> are
            refused from now on. Nothing is deleted
            {running > 0 &&
              (stop
                ? `; ${plural(running, 'running instance')} stop`
                : `; ${plural(running, 'running instance')} go on, and are charged`)}
            .
          </p>
          <TextArea
            label="Reason"
            hint="Told to the account."
            maxLength={500}
            aside={`${reason.length}/500`}
            value={reason}
            onValue={setReason}
            placeholder="The invoice of May is not paid"
          />
          <Switch
            label="Stop its instances too"
            hint="They keep their disks and addresses."
            checked={stop}
            onChecked={setStop}
            reason={running === 0 ? 'None is running' : null}
          />
        </>
      ) : (
        <p>
          The keys and sessions of <strong className="font-semibold">{account.name}</strong> work
          again. What was stopped stays stopped until somebody starts it.
        </p>
      )}
    </FormDialog>
  )
}
