import type { Currency } from '@garrison/contract/common'

/** Who asks: an account, through one of its keys. Everything is looked up within it. */
export type Caller = {
  readonly accountId: string
  readonly accountPublicId: string
  readonly currency: Currency
  readonly keyId: string
  readonly keyName: string
  readonly requestId: string
  readonly remoteAddress: string | null
}
