import { useEffect, useId, useRef, useState } from 'react'

/** Types ahead, with suggestions of which none need be taken; the list follows a moment after the last key. */
export function SuggestBox({
  label,
  value,
  onValue,
  suggestions,
  placeholder,
}: {
  label: string
  value: string
  onValue: (value: string) => void
  suggestions: readonly string[]
  placeholder: string
}) {
  const list = useId()
  const [typed, setTyped] = useState(value)
  const sent = useRef(value)
  useEffect(() => {
    // Somebody else changed it: a link, or going back.
    if (value !== sent.current) {
      sent.current = value
      setTyped(value)
    }
  }, [value])
  useEffect(() => {
    if (typed === sent.current) return
    const timer = setTimeout(() => {
      sent.current = typed
      onValue(typed)
    }, 300)
    return () => clearTimeout(timer)
  }, [typed, onValue])
  return (
    <label className="flex w-full flex-col gap-1 sm:w-48">
      <span className="text-sm text-ink-3">{label}</span>
      <input
        list={list}
        value={typed}
        maxLength={100}
        placeholder={placeholder}
        spellCheck={false}
        autoCapitalize="none"
        onChange={(event) => setTyped(event.target.value)}
        className="h-(--control) w-full rounded-md border border-edge/70 bg-raised px-2.5 placeholder:text-ink-3"
      />
      <datalist id={list}>
        {suggestions.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </label>
  )
}

export function DayBox({
  label,
  value,
  onValue,
  min,
  max,
}: {
  label: string
  value: string
  onValue: (value: string) => void
  min?: string | undefined
  max?: string | undefined
}) {
  return (
    <label className="flex grow flex-col gap-1 sm:grow-0">
      <span className="text-sm text-ink-3">{label}</span>
      <input
        type="date"
        value={value}
        min={min}
        max={max}
        onChange={(event) => onValue(event.target.value)}
        className="h-(--control) rounded-md border border-edge/70 bg-raised px-2.5"
      />
    </label>
  )
}
