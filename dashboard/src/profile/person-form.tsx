import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { patch } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button } from '../ui/button.tsx'
import { Facts } from '../ui/card.tsx'
import { TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'

/** What others in the account see beside what somebody does. */
export function PersonForm({
  person,
}: {
  person: { id: string; name: string; email: string | null }
}) {
  const { role } = useMe()
  const [name, setName] = useState(person.name)
  const save = useMutation({
    mutationFn: () =>
      patch('/api/account/people/{person_id}/', {
        params: { person_id: person.id },
        body: { name: name.trim() },
      }),
    onSuccess: () => stale('/api/account/'),
  })
  return (
    <form
      className="flex max-w-md flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        if (name.trim() !== person.name && !save.isPending) save.mutate()
      }}
    >
      <Facts
        facts={[
          ['E-mail', person.email ?? 'none yet'],
          ['Role', role],
        ]}
      />
      <TextField
        label="Your name"
        autoComplete="name"
        maxLength={100}
        value={name}
        onValue={setName}
        hint="Others in the account see it beside what you do."
      />
      {save.error && <Notice tone="problem">{wordsOf(save.error)}</Notice>}
      <div>
        <Button
          type="submit"
          busy={save.isPending && 'Saving…'}
          reason={name.trim() === person.name ? 'Nothing has changed yet' : null}
        >
          Save name
        </Button>
      </div>
    </form>
  )
}
