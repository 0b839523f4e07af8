/** Lists in pages: those that count them from 1, in three shapes, and those that go on behind a row. */
import type { Page, Query } from './types.ts'

type PagedAnswer = {
  readonly pagination?: { readonly page: number; readonly has_next: boolean }
  readonly page?: number
  readonly total_pages?: number
  readonly next_after?: number
  readonly has_more?: boolean
}

/** Asks for the first page at once; further ones only as they are read. */
export function paged<Answer extends PagedAnswer, Row>(
  fetchPage: (page: Query) => Promise<Answer>,
  rowsOf: (answer: Answer) => readonly Row[],
): Page<Answer, Row> {
  const first = fetchPage({})
  async function* rows() {
    for (let answer = await first; ; ) {
      yield* rowsOf(answer)
      const next = nextPage(answer)
      if (next === null) return
      answer = await fetchPage(next)
    }
  }
  return Object.assign(first, { [Symbol.asyncIterator]: rows })
}

/** What asks for the page behind this one; null: there is none. */
function nextPage({ pagination, page = 1, total_pages = 1, next_after, has_more }: PagedAnswer) {
  if (next_after !== undefined) return has_more ? { after: next_after } : null
  if (pagination !== undefined) return pagination.has_next ? { page: pagination.page + 1 } : null
  return page < total_pages ? { page: page + 1 } : null
}
