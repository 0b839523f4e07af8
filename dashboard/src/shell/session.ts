/** Who is signed in, and in which account. */
import { queryOptions, useSuspenseQuery } from '@tanstack/react-query'
import { send } from '../api/client.ts'
import { queryClient } from '../api/queries.ts'
import type { Currency } from '../ui/format.ts'

export type Role = 'owner' | 'member' | 'operator'

export type Me = {
  account_id: string
  name: string
  currency: Currency
  role: Role
  profile_complete: boolean
  person: { id: string; name: string; email: string } | null
}

export const meQuery = queryOptions({
  queryKey: ['/api/account/', {}] as const,
  queryFn: ({ signal }) => send<{ account: Me }>('GET', '/api/account/', { signal }),
  select: ({ account }) => account,
  staleTime: 60_000,
})

export const useMe = () => useSuspenseQuery(meQuery).data

export async function signOut() {
  await send('POST', '/api/auth/sign-out', { body: {} })
  queryClient.clear()
  location.assign('/sign-in')
}
