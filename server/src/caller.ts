import type { Access, Role } from '@garrison/contract/accounts/roles'
import type { Currency } from '@garrison/contract/common'

/**
 * Who asks: an account, through one of its keys or somebody who signed in, or what it had arranged to
 * happen later, which has neither a key, a person nor a request. Everything is looked up within it.
 */
export type Caller = {
  readonly accountId: string
  readonly accountPublicId: string
  readonly currency: Currency
  /** Whoever signed in, or made the key; null when the host itself did. */
  readonly personId: string | null
  readonly role: Role
  readonly access: Access
  /** Null for whoever signed in. */
  readonly keyId: string | null
  readonly keyName: string | null
  /** Of what happens later: the key that arranged it, whose budget bears it. */
  readonly bearingKeyId?: string | null
  readonly requestId: string | null
  readonly remoteAddress: string | null
}

/** Who asks right now, in a request. */
export type RequestCaller = Caller & { readonly requestId: string }

/** Whose budget bears what the caller makes; null: the account's alone. */
export const bearingKey = ({ keyId, bearingKeyId }: Caller): string | null => bearingKeyId ?? keyId
