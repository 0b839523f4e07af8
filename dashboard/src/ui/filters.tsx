import { Search } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { cx } from './cx.ts'

/**
 * Types ahead: the list follows a moment after the last key. One of several beside each other has its label
 * in sight (`labelled`), and what is likely to be typed may be suggested.
 */
export function SearchBox({
  value,
  onValue,
  label,
  labelled,
}: {
  value: string
  onValue: (value: string) => void
  /** Such as "Search instances". */
  label: string
  labelled?: { placeholder: string; suggestions: readonly string[] }
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
    }, 250)
    return () => clearTimeout(timer)
  }, [typed, onValue])
  return (
    <label
      className={
        labelled
          ? 'flex w-full flex-col gap-1 sm:w-48'
          : 'relative block min-w-40 grow sm:w-60 sm:grow-0'
      }
    >
      <span className={labelled ? 'text-sm text-ink-3' : 'sr-only'}>{label}</span>
      {!labelled && (
        <Search
          aria-hidden
          className="absolute left-2.5 top-1/2 size-4 -translate-y-1/2 text-ink-3"
        />
      )}
      <input
        type="search"
        // As wide as what is around it, beside filters or alone.
        size={1}
        list={labelled && list}
        value={typed}
        maxLength={100}
        placeholder={labelled?.placeholder ?? label}
        spellCheck={false}
        autoCapitalize="none"
        onChange={(event) => setTyped(event.target.value)}
        className={cx(
          'h-(--control) w-full rounded-md border border-edge/70 bg-raised pr-2 placeholder:text-ink-3',
          labelled ? 'pl-2.5' : 'pl-8',
        )}
      />
      {labelled && (
        <datalist id={list}>
          {labelled.suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </label>
  )
}

/** One of several, or all of them. */
export function FilterSelect({
  label,
  value,
  all,
  choices,
  onValue,
  className = 'max-w-48',
}: {
  label: string
  value: string
  /** What no filter is called, such as "All regions"; left out where one must be chosen. */
  all?: string
  choices: readonly { value: string; words: string }[]
  onValue: (value: string) => void
  className?: string
}) {
  return (
    <label>
      <span className="sr-only">{label}</span>
      <select
        value={value}
        onChange={(event) => onValue(event.target.value)}
        className={cx('h-(--control) rounded-md border border-edge/70 bg-raised px-2', className)}
      >
        {all !== undefined && <option value="">{all}</option>}
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.words}
          </option>
        ))}
      </select>
    </label>
  )
}
