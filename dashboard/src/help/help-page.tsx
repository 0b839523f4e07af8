import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import { fetched } from '../ui/lazy.ts'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { guideGroups } from './guides.ts'
import { marked, search } from './search.ts'

const sectionsQuery = {
  queryKey: ['help', 'sections'],
  queryFn: async () => (await fetched(() => import('./sections.ts'))).searchable,
  staleTime: Number.POSITIVE_INFINITY,
}

/** All guides, or those in which something was found. */
export function HelpPage() {
  const { q = '' } = useSearch({ from: '/help' })
  useEffect(() => {
    document.title = q ? `“${q}” · Help · Garrison` : 'Help · Garrison'
  }, [q])
  return q ? <Results asked={q} /> : <Contents />
}

const Contents = () => (
  <div className="flex flex-col gap-8">
    <div className="flex max-w-prose flex-col gap-2">
      <h1 className="text-2xl">Help</h1>
      <p className="text-ink-2">
        How each thing is done here, by hand and by command. For programs there is the{' '}
        <a href="/docs" className="text-accent underline">
          description of the API
        </a>
        .
      </p>
    </div>
    <div className="columns-1 gap-10 sm:columns-2 lg:columns-3">
      {guideGroups.map(({ words, guides }) => (
        <section key={words} className="mb-8 break-inside-avoid">
          <h2 className="border-b border-hairline pb-1.5 text-base">{words}</h2>
          <ul className="pt-1.5">
            {guides.map(({ name, title }) => (
              <li key={name}>
                <Link
                  to="/help/$guide"
                  params={{ guide: name }}
                  className="flex min-h-(--control) items-center text-ink-2 hover:text-accent hover:underline"
                >
                  {title}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  </div>
)

function Results({ asked }: { asked: string }) {
  const { data, error, refetch } = useQuery(sectionsQuery)
  if (error) return <Problem error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading what="the guides" />
  const found = search(asked, data)
  return (
    <div className="flex max-w-2xl flex-col gap-6">
      <div className="flex flex-col gap-1">
        <h1 className="text-2xl">Search</h1>
        <p role="status" className="text-ink-3">
          {found.length === 0
            ? `No guide has all of “${asked}”.`
            : `${found.length} ${found.length === 1 ? 'guide' : 'guides'} with “${asked}”`}
        </p>
      </div>
      {found.length === 0 ? (
        <p className="text-ink-2">
          Try fewer or other words, or see{' '}
          <Link to="/help" className="text-accent underline">
            all guides
          </Link>
          .
        </p>
      ) : (
        <ul className="divide-y divide-hairline border-y border-hairline">
          {found.map(({ guide, id, heading, excerpt }) => (
            <li key={guide.name} className="flex flex-col gap-1 py-3">
              <Link
                to="/help/$guide"
                params={{ guide: guide.name }}
                {...(id === null ? {} : { hash: id })}
                className="font-medium text-accent hover:underline"
              >
                {guide.title}
                {heading && <span className="font-normal text-ink-2"> · {heading}</span>}
              </Link>
              <p className="text-sm text-ink-2">
                {marked(excerpt, asked).map(({ text, hit }, index) =>
                  hit ? (
                    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text, in its order
                    <mark key={index} className="bg-accent-soft text-ink">
                      {text}
                    </mark>
                  ) : (
                    text
                  ),
                )}
              </p>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
