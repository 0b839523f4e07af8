import { frequencies, mostKept } from '@garrison/contract/snapshot-policies/frequencies'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { patch, post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextArea, TextField } from '../ui/fields.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { tell } from '../ui/toast.tsx'
import { Consequences } from './consequences.tsx'
import { InstancePicker } from './instance-picker.tsx'
import { clockOf, minutesOf, mostOfOne, reachWords, whenWords, whyNotCounts } from './keeping.ts'
import type { Policy } from './policy-state.ts'
import { usePolicyNames } from './use-policy-names.ts'

const usual = { hourly: 0, daily: 7, weekly: 4, monthly: 0 }
const labels = { hourly: 'Hourly', daily: 'Daily', weekly: 'Weekly', monthly: 'Monthly' } as const

/** Makes one; with `policy`, changes that. */
export function PolicyDialog({ policy, onClose }: { policy?: Policy; onClose: () => void }) {
  const navigate = useNavigate()
  const [name, setName] = useState(policy?.name ?? '')
  const [description, setDescription] = useState(policy?.description ?? '')
  // As typed: an empty field is none, but it is not 0 while somebody types.
  const [typed, setTyped] = useState(() => {
    const from = policy ?? usual
    return Object.fromEntries(frequencies.map((each) => [each, String(from[each])]))
  })
  const [clock, setClock] = useState(clockOf(policy?.offset_minutes ?? 210))
  const [ids, setIds] = useState<readonly string[]>(
    policy?.instances.map(({ instance_id }) => instance_id) ?? [],
  )
  const counts = {
    hourly: Number(typed.hourly),
    daily: Number(typed.daily),
    weekly: Number(typed.weekly),
    monthly: Number(typed.monthly),
  }
  const offset = minutesOf(clock)
  const wrongCounts = whyNotCounts(counts)
  const taken = usePolicyNames(name).filter((each) => each !== policy?.name)
  const save = useMutation({
    mutationFn: () => {
      const body = {
        ...{ name, description, ...counts },
        ...{ offset_minutes: offset ?? 0, instance_ids: [...ids] },
      }
      return policy === undefined
        ? post('/api/snapshot-policies/', {
            body: { ...body, description: description === '' ? undefined : description },
          })
        : patch('/api/snapshot-policies/{policy_id}/', { params: { policy_id: policy.id }, body })
    },
    onSuccess: async ({ policy: saved }) => {
      await stale('/api/snapshot-policies/')
      if (policy === undefined) {
        tell(`${saved.name} takes its first snapshots by itself.`)
        await navigate({ to: '/snapshots/policies/$id', params: { id: saved.id } })
      } else onClose()
    },
  })
  const fields = save.error instanceof ApiError ? save.error.fields : {}
  return (
    <FormDialog
      title={policy ? 'Change policy' : 'Create policy'}
      wide
      open
      onClose={onClose}
      onSubmit={() => save.mutate()}
      submit={policy ? 'Save policy' : 'Create policy'}
      submitting={policy ? 'Saving…' : 'Creating…'}
      pending={save.isPending}
      error={save.error}
      reason={
        nameProblem(name, { taken }) ?? wrongCounts ?? (offset === null ? 'Choose a time' : null)
      }
    >
      <NameField
        value={name}
        onValue={setName}
        taken={taken}
        error={fields.name?.[0]}
        touched={save.isError}
        placeholder="nightly"
      />
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 font-medium">Snapshots to keep of each instance</legend>
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
          {frequencies.map((each) => (
            <TextField
              key={each}
              label={labels[each]}
              type="number"
              inputMode="numeric"
              min={0}
              max={mostKept[each]}
              value={typed[each] ?? ''}
              onValue={(value) => setTyped((before) => ({ ...before, [each]: value }))}
            />
          ))}
        </div>
        {wrongCounts ? (
          <p className="text-sm text-problem">{wrongCounts}.</p>
        ) : (
          <p className="text-sm text-ink-3">
            The first good one of each:{' '}
            {mostOfOne(counts) === 1 ? 'one snapshot' : `at most ${mostOfOne(counts)} snapshots`} of
            an instance, for {reachWords(counts)}. 0 takes none.
          </p>
        )}
      </fieldset>
      <TextField
        label="Time (UTC)"
        type="time"
        value={clock}
        onValue={setClock}
        error={offset === null ? 'Choose a time, such as 03:30.' : null}
        hint={
          offset !== null && wrongCounts === null ? `Taken ${whenWords(counts, offset)}.` : null
        }
      />
      <InstancePicker chosen={ids} onChosen={setIds} covered={policy?.instances ?? []} />
      {policy && wrongCounts === null && (
        <Consequences policy={policy} counts={counts} chosen={ids} />
      )}
      <TextArea
        label="Description"
        hint="Optional."
        rows={2}
        maxLength={1000}
        value={description}
        onValue={setDescription}
      />
    </FormDialog>
  )
}
