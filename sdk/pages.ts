/** Lists in pages. The three shapes of the API differ in words only: all count pages from 1. */
import type { Page } from './types.ts'

type PagedAnswer = {
  readonly pagination?: { readonly page: number; readonly has_next: boolean }
  readonly page?: number
  readonly total_pages?: number
}

/** Asks for the first page at once; further ones only as they are read. */
export function paged<Answer extends PagedAnswer, Row>(
  fetchPage: (page: number | null) => Promise<Answer>,
  rowsOf: (answer: Answer) => readonly Row[],
): Page<Answer, Row> {
  const first = fetchPage(null)
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

function nextPage({ pagination, page = 1, total_pages = 1 }: PagedAnswer): number | null {
  if (pagination !== undefined) return pagination.has_next ? pagination.page + 1 : null
  return page < total_pages ? page + 1 : null
}
