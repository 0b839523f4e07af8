/** The region that lists are narrowed to: in the address of every page, and kept from one to the next. */
import { useNavigate, useSearch } from '@tanstack/react-router'

/** Empty: all of them. */
export const useRegion = () => useSearch({ from: '/shell', select: ({ region }) => region ?? '' })

export function useSetRegion() {
  const navigate = useNavigate()
  // The page of a longer list may not be there in the shorter one.
  return (region: string) =>
    void navigate({
      to: '.',
      search: (before) => ({ ...before, region: region || undefined, page: undefined }),
      replace: true,
    })
}
