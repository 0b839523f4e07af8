import { Link, useLoaderData } from '@tanstack/react-router'
import { ArrowLeft, ArrowRight } from 'lucide-react'
import { useEffect } from 'react'
import { buttonClass } from '../ui/button.tsx'
import { GuideText } from './guide-text.tsx'
import type { Guide } from './guides.ts'

export function GuidePage() {
  const { guide, before, after, nodes } = useLoaderData({ from: '/help/$guide' })
  useEffect(() => {
    document.title = `${guide.title} · Help · Garrison`
  }, [guide])
  return (
    <article className="flex max-w-2xl flex-col gap-8">
      <header className="flex flex-wrap items-center gap-x-6 gap-y-3">
        <h1 className="grow text-2xl">{guide.title}</h1>
        {guide.place && (
          <Link to={guide.place[0] as string} className={buttonClass('plain')}>
            {guide.place[1]}
          </Link>
        )}
      </header>
      <div className="flex flex-col gap-4 text-[15px] leading-relaxed text-ink-2">
        <GuideText nodes={nodes} />
      </div>
      <nav
        aria-label="Guides before and after"
        className="grid grid-cols-2 gap-4 border-t border-hairline pt-4"
      >
        {before ? <Neighbour guide={before} words="Before" /> : <span />}
        {after && <Neighbour guide={after} words="Next" end />}
      </nav>
    </article>
  )
}

const Neighbour = ({ guide, words, end }: { guide: Guide; words: string; end?: boolean }) => (
  <Link
    to="/help/$guide"
    params={{ guide: guide.name }}
    className={`group flex flex-col gap-0.5 rounded-md py-2 ${end ? 'items-end text-right' : 'items-start'}`}
  >
    <span className="inline-flex items-center gap-1.5 text-sm text-ink-3">
      {!end && <ArrowLeft aria-hidden className="size-3.5" />}
      {words}
      {end && <ArrowRight aria-hidden className="size-3.5" />}
    </span>
    <span className="font-medium text-accent group-hover:underline">{guide.title}</span>
  </Link>
)
