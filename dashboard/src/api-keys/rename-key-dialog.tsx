import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { patch } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import type { ApiKey } from './api-keys-page.tsx'

export function RenameKeyDialog({
  apiKey,
  taken,
  onClose,
}: {
  apiKey: ApiKey
  /** Names of the other keys. */
  taken: readonly string[]
  onClose: () => void
}) {
  const [name, setName] = useState(apiKey.name)
  const rename = useMutation({
    mutationFn: () =>
      patch('/api/account/api-keys/{api_key_id}/', {
        params: { api_key_id: apiKey.id },
        body: { name: name.trim() },
      }),
    onSuccess: async () => {
      await stale('/api/account/')
      onClose()
    },
  })
  return (
    <FormDialog
      title="Rename API key"
      open
      onClose={onClose}
      onSubmit={() => rename.mutate()}
      submit="Rename key"
      submitting="Renaming…"
      pending={rename.isPending}
      error={rename.error}
      reason={
        nameProblem(name, { taken }) ?? (name === apiKey.name ? 'That is its name now' : null)
      }
    >
      <NameField value={name} onValue={setName} taken={taken} touched />
      <p className="text-ink-3">Programs that use the key notice nothing.</p>
    </FormDialog>
  )
}
