import {
  type ProfileField,
  profileProblem,
  profileRules,
  taxNumberName,
  taxNumberProblem,
} from '@garrison/contract/accounts/profile-rules'
import { whyNotAllowed } from '@garrison/contract/accounts/roles'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { type Answer, put } from '../api/client.ts'
import { ApiError, wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { SelectField, TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { tell } from '../ui/toast.tsx'
import { countryChoices, currencyWords } from './country-choices.ts'

type Profile = Answer<'get', '/api/account/profile/'>['profile']
type Draft = Record<ProfileField | 'country', string>

const fields = Object.keys(profileRules) as ProfileField[]

const draftOf = (profile: Profile): Draft => ({
  ...(Object.fromEntries(fields.map((field) => [field, profile[field] ?? ''])) as Draft),
  country: profile.country ?? '',
})

export function ProfileForm({ profile }: { profile: Profile }) {
  const { role } = useMe()
  // Only what was typed: what others change meanwhile shows in the rest.
  const [typed, setTyped] = useState<Partial<Draft>>({})
  const [tried, setTried] = useState(false)
  const draft = { ...draftOf(profile), ...typed }
  const save = useMutation({
    mutationFn: () => {
      const { name, address_line, postal_code, country, phone, city, state, tax_id } = draft
      return put('/api/account/profile/', {
        body: {
          ...{ name, address_line, postal_code },
          phone: phone || null,
          city: city || null,
          state: state || null,
          tax_id: tax_id || null,
          ...(country === '' ? {} : { country }),
        },
      })
    },
    onSuccess: async () => {
      await stale('/api/account/', '/api/balance/', '/api/credits/')
      setTyped({})
      setTried(false)
      tell('The profile is saved')
    },
  })
  const said = save.error instanceof ApiError ? save.error.fields : {}
  const problems: Partial<Record<keyof Draft, string | null>> = Object.fromEntries(
    fields.map((field) => [field, profileProblem(field, draft[field])]),
  )
  problems.tax_id ??= taxNumberProblem(draft.country, draft.tax_id)
  // The account that is made on the host has no country and needs none.
  problems.country = draft.country === '' && !profile.complete ? 'Choose a country.' : null
  const wrong = Object.values(problems).some(Boolean)
  const changed = Object.keys(typed).some(
    (field) => draft[field as keyof Draft] !== draftOf(profile)[field as keyof Draft],
  )
  const reason =
    whyNotAllowed(role, 'profile.change') ?? (changed ? null : 'Nothing has changed yet')

  const shown = (field: keyof Draft) => {
    const isSeen = tried || (typed[field] !== undefined && typed[field] !== '')
    return (isSeen ? problems[field] : null) ?? said[field]?.[0] ?? null
  }
  const set = (field: keyof Draft) => (value: string) => {
    save.reset()
    setTyped((before) => ({ ...before, [field]: value }))
  }
  const text = (field: ProfileField, label: string, autoComplete: string) => (
    <TextField
      label={label}
      aside={'required' in profileRules[field] ? 'needed' : undefined}
      autoComplete={autoComplete}
      maxLength={profileRules[field].most}
      value={draft[field]}
      onValue={set(field)}
      error={shown(field)}
      readOnly={role === 'member'}
    />
  )
  return (
    <form
      noValidate
      className="flex flex-col gap-8"
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (!wrong && reason === null && !save.isPending) save.mutate()
      }}
    >
      <Section title="Who is billed">
        <div className="grid gap-4 sm:grid-cols-2">
          {text('name', 'Name', 'name')}
          {text('phone', 'Phone', 'tel')}
        </div>
      </Section>
      <Section title="Billing address">
        {text('address_line', 'Address line', 'street-address')}
        <div className="grid gap-4 sm:grid-cols-2">
          {text('postal_code', 'Postal code', 'postal-code')}
          {text('city', 'City', 'address-level2')}
          {text('state', 'State or province', 'address-level1')}
          <SelectField
            label="Country"
            aside="needed"
            value={draft.country}
            onValue={set('country')}
            placeholder="Choose a country"
            choices={countryChoices}
            error={shown('country')}
            hint={currencyWords(draft.country, profile.currency)}
          />
        </div>
      </Section>
      <Section title="Tax">
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label={taxNumberName(draft.country)}
            autoComplete="off"
            spellCheck={false}
            maxLength={profileRules.tax_id.most}
            value={draft.tax_id}
            onValue={set('tax_id')}
            error={shown('tax_id')}
            readOnly={role === 'member'}
            hint={
              draft.country === 'IN'
                ? 'On every receipt, beside the 18 % GST.'
                : 'On every receipt. No tax is added outside India.'
            }
          />
        </div>
      </Section>
      {save.error && <Notice tone="problem">{wordsOf(save.error)}</Notice>}
      {tried && wrong && (
        <Notice tone="problem">Something above is missing or not right; it says so there.</Notice>
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="primary" busy={save.isPending && 'Saving…'} reason={reason}>
          Save profile
        </Button>
        {changed && (
          <Button
            look="quiet"
            onClick={() => {
              setTyped({})
              setTried(false)
              save.reset()
            }}
          >
            Undo changes
          </Button>
        )}
      </div>
    </form>
  )
}
