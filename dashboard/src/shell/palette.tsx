import { useNavigate } from '@tanstack/react-router'
import { useEffect, useId, useRef, useState } from 'react'
import { cx } from '../ui/cx.ts'
import { activity, groupsFor } from './navigation.ts'
import { useMe } from './session.ts'

type Command = { words: string; group: string; also: string; run: () => void }

/** Every page and every first step, by a few letters of its name. */
export function Palette({ open, onOpen }: { open: boolean; onOpen: (open: boolean) => void }) {
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return
      event.preventDefault()
      onOpen(true)
    }
    addEventListener('keydown', hear)
    return () => removeEventListener('keydown', hear)
  }, [onOpen])
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal()
  }, [open])
  if (!open) return null
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the dialog's own; this is for what lies around it
    <dialog
      ref={dialog}
      aria-label="Go to a page or begin something"
      onClose={() => onOpen(false)}
      onClick={(event) => event.target === dialog.current && onOpen(false)}
      className="appear mx-auto mt-[10dvh] w-[min(36rem,calc(100vw-1rem))] max-w-none overflow-hidden rounded-md bg-raised text-ink shadow-float backdrop:bg-veil"
    >
      <Finder onDone={() => onOpen(false)} />
    </dialog>
  )
}

function Finder({ onDone }: { onDone: () => void }) {
  const commands = useCommands()
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const list = useId()
  const found = commands.filter((command) => matches(command, typed))
  const chosen = Math.min(at, found.length - 1)
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
        aria-label="Page or action"
        placeholder="Page or action"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          setAt(0)
        }}
        onKeyDown={(event) => {
          const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
          if (step !== 0) {
            event.preventDefault()
            setAt((chosen + step + found.length) % Math.max(1, found.length))
          } else if (event.key === 'Enter') run(found[chosen])
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
            key={`${command.group}/${command.words}`}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            ref={index === chosen ? (row) => row?.scrollIntoView({ block: 'nearest' }) : undefined}
            onMouseMove={() => setAt(index)}
            onClick={() => run(command)}
            className={cx(
              'flex h-9 cursor-pointer items-center justify-between gap-4 px-4',
              index === chosen && 'bg-accent-soft text-accent',
            )}
          >
            {command.words}
            <span className="text-sm text-ink-3">{command.group}</span>
          </div>
        ))}
        {found.length === 0 && <p className="px-4 py-3 text-ink-3">Nothing is called so.</p>}
      </div>
    </>
  )
}

/** Each word that was typed begins a word of the command. */
export function matches({ words, group, also }: Omit<Command, 'run'>, typed: string): boolean {
  const own = `${words} ${group} ${also}`.toLowerCase().split(/\s+/)
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((part) => own.some((word) => word.startsWith(part)))
}

function useCommands(): readonly Command[] {
  const navigate = useNavigate()
  const go = (to: string) => () => void navigate({ to })
  const pages = groupsFor(useMe().role).flatMap((group) =>
    [...group.places].map(({ to, words, also = '' }) => ({
      ...{ words, also, group: group.words ?? 'Page' },
      run: go(to),
    })),
  )
  const begin = (words: string, to: string, also = '') => ({
    words,
    also,
    group: 'Begin',
    run: go(to),
  })
  return [
    ...pages,
    { words: activity.words, group: 'Page', also: 'operations', run: go(activity.to) },
    begin('Deploy an instance', '/instances/new', 'create machine vm'),
    begin('Create a snapshot', '/snapshots?create=true', 'new backup'),
    begin('Create a volume', '/volumes?create=true', 'new disk'),
    begin('Create a firewall', '/firewalls?create=true', 'new'),
    begin('Add an SSH key', '/ssh-keys?create=true', 'new import'),
    begin('Create an API key', '/api-keys?create=true', 'new token'),
    begin('Buy credits', '/credits', 'top up pay'),
  ]
}
