import { useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef } from 'react'
import { fetched } from '../ui/lazy.ts'
import { remember } from './recent.ts'
import { useMe } from './session.ts'

const Finder = lazy(async () => ({
  default: (await fetched(() => import('./finder.tsx'))).Finder,
}))

/** A page that was looked at for so long was meant. */
const meantMs = 1_500

/** Every page, every first step and everything by its name, by a few letters of it. */
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
  const me = useMe().id
  const at = useRouterState({ select: ({ location }) => location.pathname })
  useEffect(() => {
    const timer = setTimeout(() => {
      const words = document.title.replace(/ · Garrison$/, '').replace(/^[●◐○☾▲◆] /, '')
      if (at !== '/') remember(me, { to: at, words })
    }, meantMs)
    return () => clearTimeout(timer)
  }, [me, at])
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal()
  }, [open])
  if (!open) return null
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the dialog's own; this is for what lies around it
    <dialog
      ref={dialog}
      aria-label="Go to a page or a thing, or begin something"
      onClose={() => onOpen(false)}
      onClick={(event) => event.target === dialog.current && onOpen(false)}
      className="appear mx-auto mt-[10dvh] w-[min(36rem,calc(100vw-1rem))] max-w-none overflow-hidden rounded-md bg-raised text-ink shadow-float backdrop:bg-veil"
    >
      <Suspense fallback={<p className="px-4 py-3 text-ink-3">Loading …</p>}>
        <Finder onDone={() => onOpen(false)} />
      </Suspense>
    </dialog>
  )
}
