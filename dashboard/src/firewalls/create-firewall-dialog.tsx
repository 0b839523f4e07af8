import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { reading, stale } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, TextArea } from '../ui/fields.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'

export function CreateFirewallDialog({ onClose }: { onClose: () => void }) {
  const everywhere = useRegion()
  const navigate = useNavigate()
  const regions = useQuery(reading('/api/regions/', { query: { tier: 'legacy' } }))
  const names = regions.data?.regions.map((each) => each.name) ?? []
  const [name, setName] = useState('')
  const [region, setRegion] = useState(everywhere)
  const [description, setDescription] = useState('')
  const mine = useQuery(reading('/api/firewalls/', { query: { page_size: 100 } }))
  const taken = mine.data?.firewalls.map((each) => each.name) ?? []
  const place = names.includes(region) ? region : (names[0] ?? '')
  const create = useMutation({
    mutationFn: () =>
      post('/api/firewalls/', {
        body: { name, region: place, ...(description === '' ? {} : { description }) },
      }),
    onSuccess: async ({ firewall }) => {
      await stale('/api/firewalls/')
      await navigate({ to: '/firewalls/$id', params: { id: firewall.id } })
    },
  })
  return (
    <FormDialog
      title="Create firewall"
      open
      onClose={onClose}
      onSubmit={() => create.mutate()}
      submit="Create firewall"
      submitting="Creating…"
      pending={create.isPending}
      error={create.error}
      reason={nameProblem(name, { taken })}
    >
      <NameField value={name} onValue={setName} taken={taken} placeholder="web" />
      <SelectField
        label="Region"
        value={place}
        onValue={setRegion}
        choices={names.map((value) => ({ value, words: value }))}
        hint="It serves instances of this region."
      />
      <TextArea
        label="Description"
        hint="Optional."
        maxLength={255}
        aside={`${description.length}/255`}
        value={description}
        onValue={setDescription}
      />
    </FormDialog>
  )
}
