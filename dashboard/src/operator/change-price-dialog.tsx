import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, TextArea, TextField } from '../ui/fields.tsx'
import { plural } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { tell } from '../ui/toast.tsx'
import {
  type CurrentPrice,
  changeOf,
  currencies,
  different,
  type Kind,
  keyOf,
  kindWords,
  type Prices,
  priceProblem,
} from './price-words.ts'

const typedFrom = ({ prices }: CurrentPrice) => ({
  USD: String(prices.USD),
  EUR: String(prices.EUR),
  INR: String(prices.INR),
})
const nothing = { USD: '', EUR: '', INR: '' }

/** Whom each kind concerns, from the moment on. */
const concerns: Readonly<Record<Kind, string>> = {
  flavor: 'New machines of this size and all that run',
  gpu_model: 'New machines with this GPU and all that run',
  volume: 'New volumes of this type and all there are',
  snapshot: 'All snapshots, new ones and those there are',
  hibernated: 'All machines that are hibernated, or will be',
}

export function ChangePriceDialog({
  prices,
  first,
  onClose,
}: {
  prices: readonly CurrentPrice[]
  first: CurrentPrice | null
  onClose: () => void
}) {
  const [key, setKey] = useState(first ? keyOf(first) : '')
  const chosen = prices.find((each) => keyOf(each) === key)
  const [typed, setTyped] = useState(first ? typedFrom(first) : nothing)
  const [when, setWhen] = useState<'now' | 'later'>('now')
  const [moment, setMoment] = useState('')
  const [reason, setReason] = useState('')
  const wanted: Prices = {
    USD: Number(typed.USD),
    EUR: Number(typed.EUR),
    INR: Number(typed.INR),
  }
  const at = moment === '' ? null : new Date(moment)
  const change = useMutation({
    mutationFn: (price: CurrentPrice) =>
      post('/api/operator/prices/', {
        body: {
          kind: price.kind,
          ...(price.item === '' ? {} : { item: price.item }),
          prices: wanted,
          ...(when === 'later' && at ? { effective_from: at.toISOString() } : {}),
          ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
        },
      }),
    onSuccess: async ({ message, accounts_told }) => {
      await stale('/api/operator/prices/', '/api/flavors/', '/api/gpu')
      onClose()
      tell(`${message}. ${plural(accounts_told, 'account')} told.`)
    },
  })
  const fields = change.error instanceof ApiError ? change.error.fields : {}
  return (
    <FormDialog
      title="Change a price"
      open
      onClose={onClose}
      onSubmit={() => chosen && change.mutate(chosen)}
      submit={when === 'now' ? 'Change price now' : 'Announce change'}
      submitting="Changing…"
      pending={change.isPending}
      error={change.error}
      reason={whyNot()}
    >
      <SelectField
        label="Of"
        value={key}
        placeholder="Choose what"
        onValue={(value) => {
          setKey(value)
          const price = prices.find((each) => keyOf(each) === value)
          if (price) setTyped(typedFrom(price))
        }}
        choices={prices.map((each) => ({
          value: keyOf(each),
          words: each.item === '' ? kindWords[each.kind] : `${kindWords[each.kind]}: ${each.item}`,
        }))}
        hint={chosen?.unit}
      />
      <div className="grid grid-cols-3 gap-3">
        {currencies.map((currency) => (
          <TextField
            key={currency}
            label={currency}
            inputMode="decimal"
            value={typed[currency]}
            onValue={(value) => setTyped((all) => ({ ...all, [currency]: value }))}
            error={chosen && priceProblem(typed[currency])}
            hint={chosen && by(chosen.prices[currency], wanted[currency])}
          />
        ))}
      </div>
      <SelectField
        label="From"
        value={when}
        onValue={setWhen}
        choices={[
          { value: 'now', words: 'Now' },
          { value: 'later', words: 'A moment to come' },
        ]}
      />
      {when === 'later' && (
        <TextField
          label="Moment"
          type="datetime-local"
          value={moment}
          onValue={setMoment}
          error={
            fields.effective_from?.[0] ??
            (at && at.getTime() < Date.now() ? 'That has passed.' : null)
          }
          hint={at ? `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'In your own time.'}
        />
      )}
      <TextArea
        label="Reason"
        aside="may be left out"
        hint="Told to everybody whom it concerns."
        rows={2}
        maxLength={500}
        value={reason}
        onValue={setReason}
      />
      {chosen && (
        <Notice tone="warning">
          {concerns[chosen.kind]} are charged at it from then on: a minute costs what is valid when
          it ends. Accounts that have any are told by event and by mail
          {when === 'now' ? ', after the fact' : ' at once'}.
        </Notice>
      )}
    </FormDialog>
  )

  function whyNot(): string | null {
    if (chosen === undefined) return 'Choose what'
    if (currencies.some((currency) => priceProblem(typed[currency]))) {
      return 'Each currency needs a price'
    }
    if (different(chosen.prices, wanted).length === 0) return 'Those are the prices now'
    if (when === 'now') return null
    if (at === null) return 'Choose the moment'
    return at.getTime() < Date.now() ? 'Choose a moment to come' : null
  }
}

const percent = new Intl.NumberFormat('en', {
  style: 'percent',
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
})
function by(before: number, after: number): string {
  const change = changeOf(before, after)
  return change === null || Number.isNaN(change)
    ? `now ${before}`
    : `now ${before}, ${percent.format(change)}`
}
