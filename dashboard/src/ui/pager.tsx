import { ChevronLeft, ChevronRight } from 'lucide-react'
import { IconButton } from './button.tsx'
import { cx } from './cx.ts'

/** The first, the last, and what is around the current one; `null` stands for those left out. */
export function pagesAround(page: number, last: number): (number | null)[] {
  const wanted = [1, page - 1, page, page + 1, last].filter((each) => each >= 1 && each <= last)
  const pages = [...new Set(wanted)].sort((a, b) => a - b)
  return pages.flatMap((each, index) => {
    const before = pages[index - 1] ?? 0
    if (each - before === 2) return [each - 1, each]
    return each - before > 2 ? [null, each] : [each]
  })
}

/** Shown only where there is more than one page. */
export function Pager({
  page,
  total,
  size,
  onPage,
}: {
  page: number
  /** All that there are. */
  total: number
  size: number
  onPage: (page: number) => void
}) {
  const last = Math.max(1, Math.ceil(total / size))
  if (last <= 1 && page <= 1) return null
  const number = 'inline-flex size-(--control) items-center justify-center rounded-md'
  return (
    <nav aria-label="Pages" className="flex flex-wrap items-center justify-center gap-1 pt-2">
      <IconButton
        name="Previous page"
        icon={<ChevronLeft aria-hidden className="size-4" />}
        reason={page <= 1 ? 'This is the first page' : null}
        onClick={() => onPage(page - 1)}
      />
      {pagesAround(page, last).map((each, index) =>
        each === null ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the two gaps differ in nothing else
          <span key={`gap-${index}`} aria-hidden className="px-1 text-ink-3">
            …
          </span>
        ) : (
          <button
            key={each}
            type="button"
            aria-label={`Page ${each}`}
            aria-current={each === page ? 'page' : undefined}
            onClick={() => onPage(each)}
            className={cx(
              number,
              each === page
                ? 'bg-accent-soft font-medium text-accent'
                : 'text-ink-2 hover:bg-hover',
            )}
          >
            {each}
          </button>
        ),
      )}
      <IconButton
        name="Next page"
        icon={<ChevronRight aria-hidden className="size-4" />}
        reason={page >= last ? 'This is the last page' : null}
        onClick={() => onPage(page + 1)}
      />
    </nav>
  )
}
