/**
 * Reading: a query's key is the path and its input, so that what is shown in two places is asked for once,
 * and a change made anywhere makes everything stale that begins with its path.
 */
import {
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from '@tanstack/react-query'
import { type Answer, type Args, type PathOf, send } from './client.ts'
import { ApiError } from './errors.ts'
import { heardError } from './session-end.ts'

const onError = (error: unknown) =>
  heardError(error, queryClient.getQueryData(['/api/account/', {}]) !== undefined)

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    // A server on this machine, or in this house, is there without the internet as well.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: 5_000,
      gcTime: 10 * 60_000,
      // Only what may go better the next time.
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
      refetchOnWindowFocus: true,
    },
  },
})

/** `useQuery(reading('/api/volumes/', { query: { page: 2 } }))`; the page before stays until it is there. */
export function reading<P extends PathOf<'get'>>(path: P, ...args: Args<'get', P>) {
  const [input] = args
  return queryOptions({
    queryKey: [path, input ?? {}] as const,
    queryFn: ({ signal }) => send<Answer<'get', P>>('GET', path, { ...input, signal }),
    placeholderData: keepPreviousData,
  })
}

/** Everything read from a path that begins so is asked for again, where it is on the screen. */
export function stale(...prefixes: readonly string[]) {
  return queryClient.invalidateQueries({
    predicate: ({ queryKey: [path] }) =>
      typeof path === 'string' && prefixes.some((prefix) => path.startsWith(prefix)),
  })
}
