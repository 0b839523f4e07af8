import { useId, useState } from 'react'
import { cx } from '../ui/cx.ts'
import { plural } from '../ui/format.ts'
import { type Command, useCommands } from './commands.ts'

const moves: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 }

/** A field, and below it what fits to the letters in it. The keyboard is enough for all of it. */
export function Finder({ onDone }: { onDone: () => void }) {
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const list = useId()
  const { found, searching } = useCommands(typed)
  const chosen = Math.min(at, found.length - 1)
  const step = (by: number) => setAt((chosen + by + found.length) % Math.max(1, found.length))
  const run = (command: Command | undefined) => {
    if (command === undefined) return
    onDone()
    command.run()
  }
  return (
    <>
      <input
        // biome-ignore lint/a11y/noAutofocus: the dialog was opened to type into it
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={found[chosen] ? `${list}-${chosen}` : undefined}
        aria-autocomplete="list"
        aria-label="Page, action or name"
        placeholder="Page, action or name"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          setAt(0)
        }}
        onKeyDown={(event) => {
          const move = moves[event.key]
          if (event.key === 'Enter') run(found[chosen])
          else if (event.key === 'Home' && typed === '') setAt(0)
          else if (event.key === 'End' && typed === '') setAt(found.length - 1)
          else if (move !== undefined) step(move)
          else return
          event.preventDefault()
        }}
        className="h-12 w-full border-b border-hairline bg-transparent px-4 text-lg outline-none placeholder:text-ink-3"
      />
      <div
        id={list}
        role="listbox"
        aria-label="Found"
        className="max-h-[50dvh] overflow-y-auto py-1.5"
      >
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys for all of them
          <div
            key={command.key}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            ref={index === chosen ? (row) => row?.scrollIntoView({ block: 'nearest' }) : undefined}
            onMouseMove={() => setAt(index)}
            onClick={() => run(command)}
            className={cx(
              'flex min-h-9 cursor-pointer items-center justify-between gap-4 px-4 py-1 pointer-coarse:min-h-11',
              index === chosen && 'bg-accent-soft text-accent',
            )}
          >
            <span className="min-w-0 wrap-anywhere">{command.words}</span>
            <span className="shrink-0 text-sm text-ink-3">{command.group}</span>
          </div>
        ))}
      </div>
      <p
        role="status"
        className="border-t border-hairline px-4 py-2 text-sm text-ink-3 empty:hidden"
      >
        {found.length === 0
          ? searching
            ? 'Searching …'
            : 'Nothing is called so.'
          : typed.trim() === ''
            ? 'Type the name of an instance, microVM, snapshot, volume or firewall to go there.'
            : plural(found.length, 'result') + (searching ? ', still searching …' : '')}
      </p>
    </>
  )
}
