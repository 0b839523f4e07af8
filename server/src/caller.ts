import type { Currency } from '@garrison/contract/common'

/**
 * Who asks: an account, through one of its keys, or what it had arranged to happen later, which has
 * neither a key nor a request. Everything is looked up within it.
 */
export type Caller = {
  readonly accountId: string
  readonly accountPublicId: string
  readonly currency: Currency
  readonly keyId: string | null
  readonly keyName: string | null
  readonly requestId: string | null
  readonly remoteAddress: string | null
}

/** Who asks right now, in a request. */
export type KeyedCaller = Caller & { readonly keyId: string; readonly requestId: string }
