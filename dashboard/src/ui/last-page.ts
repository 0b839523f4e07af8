import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'

/**
 * Everything on the last page may be deleted: then the page before is the last one now, and is gone to.
 * Answers whether that is under way, as a list that is empty only here is not empty.
 */
export function useLastPage(
  page: number,
  size: number,
  /** `shown`: rows of this page; undefined until they are there. */
  { shown, total }: { shown: number | undefined; total: number },
): boolean {
  const navigate = useNavigate()
  const beyond = shown === 0 && page > 1
  const last = Math.ceil(total / size)
  useEffect(() => {
    if (!beyond) return
    void navigate({
      to: '.',
      search: (before) => ({ ...before, page: last > 1 ? last : undefined }),
      replace: true,
    })
  }, [beyond, last, navigate])
  return beyond
}
