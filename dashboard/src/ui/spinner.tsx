import { LoaderCircle } from 'lucide-react'

/** Says what is being waited for; shows nothing for what is quick. */
export function Spinner({ words, quiet = false }: { words: string; quiet?: boolean }) {
  return (
    <span role="status" className="after-a-moment inline-flex items-center gap-2 text-ink-3">
      <LoaderCircle aria-hidden className="turning size-4 shrink-0" />
      <span className={quiet ? 'sr-only' : undefined}>{words}</span>
    </span>
  )
}

/** In the place of a page or a panel that is on its way. */
export const Loading = ({ what }: { what: string }) => (
  <div className="px-1 py-10">
    <Spinner words={`Loading ${what} …`} />
  </div>
)
