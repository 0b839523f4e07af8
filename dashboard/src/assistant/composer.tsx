import { Send, Square } from 'lucide-react'
import { type FormEvent, type KeyboardEvent, useState } from 'react'
import type { Answer } from '../api/client.ts'
import { Button } from '../ui/button.tsx'
import { Checkbox } from '../ui/fields.tsx'
import { FilterSelect } from '../ui/filters.tsx'
import type { Currency } from '../ui/format.ts'
import { cost } from './cost.ts'
import type { Way } from './store.ts'

export type Model = Answer<'get', '/api/ai/models/'>['models'][number]

const lengths = [
  { value: '512', words: 'Short answers' },
  { value: '8192', words: 'Long answers' },
]
const usual = 2048

/** Where a question is written, and by whom it is answered. */
export function Composer({
  models,
  way,
  onWay,
  currency,
  question,
  onQuestion,
  onAsk,
  onStop,
}: {
  models: readonly Model[]
  way: Way
  onWay: (way: Way) => void
  currency: Currency
  question: string
  onQuestion: (question: string) => void
  onAsk: (question: string) => void
  /** While an answer is made. */
  onStop: (() => void) | undefined
}) {
  const [rows, setRows] = useState(2)
  const model = models.find(({ id }) => id === way.model)
  const text = question.trim()
  const send = () => {
    if (text === '' || onStop) return
    onAsk(text)
    setRows(2)
  }
  const keys = (event: KeyboardEvent) => {
    // Some languages are typed with Enter in the middle of a word.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        send()
      }}
      // It ends where the page does, so that it stays in its place while an answer grows above it.
      className="sticky bottom-14 z-5 -mb-7 flex flex-col gap-2 border-t border-hairline bg-paper py-3 md:bottom-0 md:-mb-6"
    >
      <div className="flex items-end gap-2">
        <label className="grow">
          <span className="sr-only">Your question</span>
          <textarea
            rows={rows}
            value={question}
            maxLength={100_000}
            placeholder="Ask about your machines, their costs, or how something is done"
            onChange={(event) => {
              onQuestion(event.target.value)
              setRows(Math.max(2, Math.min(10, event.target.value.split('\n').length)))
            }}
            onKeyDown={keys}
            className="block w-full resize-none rounded-md border border-edge/70 bg-raised px-3 py-2 placeholder:text-ink-3"
          />
        </label>
        {onStop ? (
          <Button icon={<Square aria-hidden className="size-4" />} onClick={onStop}>
            Stop
          </Button>
        ) : (
          <Button
            type="submit"
            look="primary"
            icon={<Send aria-hidden className="size-4" />}
            reason={text === '' ? 'Write a question first' : null}
          >
            Ask
          </Button>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-sm">
        <label>
          <span className="sr-only">Model</span>
          <select
            value={way.model}
            onChange={(event) => onWay({ ...way, model: event.target.value })}
            className="h-(--control) max-w-56 rounded-md border border-edge/70 bg-raised px-2"
          >
            {models.map(({ id, name, is_active }) => (
              <option key={id} value={id} disabled={!is_active}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <FilterSelect
          label="Length of answers"
          all="Usual answers"
          value={way.most === usual ? '' : String(way.most)}
          choices={lengths}
          onValue={(value) => onWay({ ...way, most: Number(value) || usual })}
        />
        <Checkbox
          label="May look into my account"
          checked={way.looks}
          onChecked={(looks) => onWay({ ...way, looks })}
        />
        {model && (
          <span className="text-ink-3">
            {cost(model.prices.input_per_million[currency] ?? 0, currency)} asked ·{' '}
            {cost(model.prices.output_per_million[currency] ?? 0, currency)} answered, per million
            tokens
            {model.simulated && ' · simulated'}
          </span>
        )}
      </div>
    </form>
  )
}
