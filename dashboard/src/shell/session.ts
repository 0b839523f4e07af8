/** Who is signed in, and in which account. */
import type { Role } from '@garrison/contract/accounts/roles'
import { useSuspenseQuery } from '@tanstack/react-query'
import { send } from '../api/client.ts'
import { queryClient, reading } from '../api/queries.ts'
import { forgetKept } from './kept.ts'

export type { Role }

export const meQuery = { ...reading('/api/account/'), staleTime: 60_000 }

/** What may happen, and what has by now; read before any page is. */
export const kindsQuery = {
  ...reading('/api/events/kinds/'),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
}

export const useMe = () => useSuspenseQuery(meQuery).data.account

export async function signOut() {
  await send('POST', '/api/auth/sign-out', { body: {} })
  queryClient.clear()
  forgetKept()
  location.assign('/sign-in')
}

export async function signOutEverywhere() {
  await send('POST', '/api/auth/revoke-sessions', { body: {} })
  queryClient.clear()
  forgetKept()
  location.assign('/sign-in')
}
