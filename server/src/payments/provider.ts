/**
 * What a payment provider has to be able to do. Amounts are micro-units like everywhere; only the provider
 * itself knows how it counts. Everything that it tells is a fact about money that has moved already, so
 * nobody may refuse to hear it, and it may be told in any order and again and again.
 */

/** Money that somebody has paid, or tried to. */
export type PaymentFact = {
  readonly id: string
  /** Of the provider; null for a payment that belongs to no order. */
  readonly orderId: string | null
  readonly micros: number
  /** As the provider spells it; not only those that we sell in. */
  readonly currency: string
  /** `authorized`: promised, and not ours until it is captured. `captured`: ours, whatever was refunded since. */
  readonly state: 'pending' | 'authorized' | 'captured' | 'failed'
  /** Why it failed, for people. */
  readonly failure: string | null
}

/** Money that goes back: a refund, or a chargeback that was lost. */
export type RefundFact = {
  readonly id: string
  readonly paymentId: string
  readonly micros: number
  readonly currency: string
  readonly state: 'pending' | 'processed' | 'failed'
  /** What we called it when we asked for it. */
  readonly receipt: string | null
  readonly reason: string | null
}

export type Notice = {
  /** The provider's word for what happened. */
  readonly event: string
  readonly payment: PaymentFact | null
  readonly refund: RefundFact | null
}

export type PaymentProvider = {
  readonly name: string
  /** For the checkout in the browser. */
  readonly publicKey: string
  /** The same receipt makes one order at most that anybody gets to see. Answers its id at the provider. */
  ensureOrder(order: { receipt: string; micros: number; currency: string }): Promise<string>
  /** Whether the provider signed that this payment is for this order. */
  isGenuine(checkout: { orderId: string; paymentId: string; signature: string }): boolean
  /** What a webhook tells; null when its signature is not the provider's. */
  readWebhook(body: string, signature: string | undefined): Notice | null
  payment(id: string): Promise<PaymentFact>
  paymentsOf(orderId: string): Promise<PaymentFact[]>
  /** Takes money that was promised. */
  capture(payment: PaymentFact): Promise<PaymentFact>
  /** Pays back once for each receipt, also when asked again. */
  ensureRefund(refund: {
    paymentId: string
    micros: number
    currency: string
    receipt: string
  }): Promise<RefundFact>
}

/** `refused`: it will not do it, now or ever. Otherwise it cannot be reached, or not right now. */
export class ProviderError extends Error {
  override name = 'ProviderError'
  readonly refused: boolean
  constructor(message: string, { refused, ...options }: ErrorOptions & { refused: boolean }) {
    super(message, options)
    this.refused = refused
  }
}
