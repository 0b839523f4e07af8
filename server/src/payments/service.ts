/**
 * Buying credits. The provider is never asked inside a transaction; what it answers is booked in one. A death
 * between the two loses nothing: its webhook tells the same again, and so does {@link createSweep}.
 */

import type { OrderState } from '@garrison/contract/billing/order-states'
import type { CreateOrderRequest, VerifyPaymentRequest } from '@garrison/contract/billing/orders'
import { recordAudit } from '../accounts/audit.ts'
import { requirePermission } from '../accounts/permission.ts'
import type { AccountService } from '../accounts/service.ts'
import type { BillingService } from '../billing/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { PaymentsConfig } from '../config/payments.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import type { ReceiptParty } from '../database/schema/payments.ts'
import { DomainError, NotFound, NotSetUp, ValidationError } from '../errors.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import { type Booked, type Books, bookPayment, bookRefund, isCredited, tell } from './booking.ts'
import { type Offer, offerFor, packagesFor, taxFor, totalOf } from './offer.ts'
import { type PaymentFact, type PaymentProvider, ProviderError } from './provider.ts'
import * as store from './store.ts'

/** Nobody needs more at once, and each costs a request to the provider. */
const openOrdersPerAccount = 20
export const firstAskMs = 2 * 60_000
const minuteMs = 60_000

export type PaymentServiceDeps = {
  clock: Clock
  config: PaymentsConfig
  /** The first one takes new orders. */
  providers: readonly PaymentProvider[]
  accounts: AccountService
  billing: BillingService
}

export function createPaymentService(deps: PaymentServiceDeps) {
  const { clock, config, providers, accounts, billing } = deps

  const providerNamed = (name: string) => providers.find((provider) => provider.name === name)

  /** @throws DomainError while it is not configured (any more). */
  function requireProvider(name: string): PaymentProvider {
    const provider = providerNamed(name)
    if (provider !== undefined) return provider
    throw new NotSetUp(notConfigured)
  }

  function whyUnavailable(): DomainError | null {
    if (billing.mode === 'off') return new DomainError('PERMISSION_DENIED', nothingToBuy)
    return providers.length > 0 ? null : new NotSetUp(notConfigured)
  }

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const order = await store.findOrder(db, caller.accountId, id)
    if (order === undefined) throw new NotFound('Order', id)
    return order
  }

  const books = (): Books => ({ now: clock.now(), payers: accounts.payers })

  const book = (db: Database, provider: string, fact: PaymentFact) =>
    transaction(db, (tx) => bookPayment(tx, provider, fact, books()))

  return {
    require,
    requireProvider,
    books,
    book,

    async packages(db: Database, caller: Caller) {
      const { country } = await accounts.byId(db, caller.accountId)
      const { currency } = caller
      return {
        packages: packagesFor(config, { currency, country }),
        minimum: config.minimum[currency],
        maximum: config.maximum[currency],
        tax: taxFor(country),
        unavailable: whyUnavailable()?.message ?? null,
      }
    },

    list: (db: Database, caller: Caller, state: OrderState | undefined, range: Range) =>
      store.pageOfOrders(db, caller.accountId, state, range),

    /** What a receipt needs beside the order. */
    async details(db: Database | Tx, order: store.Order) {
      const [payment, refunds] = await Promise.all([
        order.payment_id === null ? null : store.getPayment(db, order.payment_id),
        store.refundsOf(db, order.id),
      ])
      return { payment, refunds }
    },

    /** Checks and writes it down; {@link open} makes it at the provider, after the commit. */
    async create(tx: Tx, caller: Caller, wanted: CreateOrderRequest): Promise<store.Order> {
      requirePermission(caller, 'credits.buy')
      const unavailable = whyUnavailable()
      if (unavailable !== null) throw unavailable
      const [provider] = providers
      if (provider === undefined) throw new NotSetUp(notConfigured)
      await billing.requireProfile(tx, caller)
      await accounts.lock(tx, caller.accountId)
      const buyer = await accounts.byId(tx, caller.accountId)
      // Of now: the caller is known from before the lock.
      const offer = offerFor(config, buyer, wanted)
      if ((await store.countOpenOrders(tx, caller.accountId)) >= openOrdersPerAccount) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `An account has at most ${openOrdersPerAccount} orders that are not paid yet; pay one, or wait until they expire`,
        )
      }
      const now = clock.now()
      const order = await store.insertOrder(tx, {
        ...orderRow(provider.name, offer),
        public_id: await issuePublicId(tx, 'O'),
        account_id: caller.accountId,
        buyer: JSON.stringify(buyerOf(buyer)),
        seller: JSON.stringify(config.seller satisfies ReceiptParty),
        created_at: now,
        updated_at: now,
        expires_at: new Date(now.getTime() + config.order_minutes * minuteMs),
        ask_at: new Date(now.getTime() + firstAskMs),
      })
      const about = { subjectKind: 'order', subjectId: order.public_id }
      const detail = {
        package: order.package,
        total: totalOf(order) / 1e6,
        currency: order.currency,
      }
      await recordAudit(tx, caller, { action: 'order.create', ...about, detail }, now)
      await tell(tx, order, 'created', detail, now)
      return order
    },

    /**
     * Makes it at the provider, unless it was made there before.
     * @throws DomainError UPSTREAM_ERROR; nothing was charged, and the same may be asked again.
     */
    async open(db: Database, caller: Caller, id: string): Promise<store.Order> {
      const order = await require(db, caller, id)
      if (order.state !== 'creating') return order
      const { public_id: receipt, currency } = order
      const made = await requireProvider(order.provider)
        .ensureOrder({ receipt, micros: totalOf(order), currency })
        .catch((error: unknown) => asProviderError(error))
      return transaction(db, async (tx) => {
        const locked = await store.lockOrder(tx, order.id)
        if (locked.state !== 'creating') return locked
        const updated_at = clock.now()
        if (typeof made === 'string') {
          const set = { state: 'open', provider_order_id: made, updated_at } as const
          return store.updateOrder(tx, order.id, set)
        }
        if (!made.refused) throw away(made)
        const failed = { state: 'failed', problem: made.message, ask_at: null, updated_at } as const
        const after = await store.updateOrder(tx, order.id, failed)
        await tell(tx, order, 'failed', { problem: made.message }, updated_at)
        return after
      })
    },

    checkoutOf(order: store.Order) {
      const provider = providerNamed(order.provider)
      return order.state === 'open' && provider !== undefined
        ? { provider, seller: config.seller.name }
        : null
    },

    /** The order that a checkout of the caller's was for. The signature is the provider's. */
    async requireGenuine(tx: Tx, caller: Caller, checkout: VerifyPaymentRequest) {
      const {
        razorpay_order_id: orderId,
        razorpay_payment_id: paymentId,
        razorpay_signature: signature,
      } = checkout
      const order = await store.findOrderAtProvider(tx, caller.accountId, 'razorpay', orderId)
      if (order === undefined) throw new NotFound('Order', orderId)
      if (requireProvider('razorpay').isGenuine({ orderId, paymentId, signature })) return order
      throw new ValidationError({
        razorpay_signature: [
          'This is not the signature of this payment; send all three values as the checkout gave them.',
        ],
      })
    },

    /** Asks the provider what became of a payment, takes what is only promised, and books it. */
    async settle(db: Database, caller: Caller, id: string, paymentId: string): Promise<Booked> {
      const order = await require(db, caller, id)
      // Another one of an order that is paid is news.
      const known = await store.findPayment(db, order.provider, paymentId)
      if (known !== undefined) return { orderId: order.id, alarm: null }
      const provider = requireProvider(order.provider)
      try {
        const fact = await provider.payment(paymentId)
        return await book(db, provider.name, await captured(provider, order, fact))
      } catch (error) {
        throw error instanceof ProviderError ? away(error) : error
      }
    },

    /** @throws NotFound for a provider that is not configured, ValidationError for a wrong signature. */
    async hear(
      db: Database,
      message: { provider: string; body: string; signature: string | undefined },
    ): Promise<Booked> {
      const provider = providerNamed(message.provider)
      if (provider === undefined) throw new NotFound('Payment provider', message.provider)
      const notice = provider.readWebhook(message.body, message.signature)
      if (notice === null) {
        throw new ValidationError(
          { signature: ['This is not the signature of this body.'] },
          'Invalid signature',
        )
      }
      const { payment, refund } = notice
      return transaction(db, async (tx) => {
        const at = books()
        // What goes back had come before, though the notice of that may still be on its way.
        const came = payment && (await bookPayment(tx, provider.name, payment, at))
        const went = refund && (await bookRefund(tx, provider.name, refund, at))
        return {
          orderId: went?.orderId ?? came?.orderId ?? null,
          alarm: came?.alarm ?? went?.alarm ?? null,
        }
      })
    },
  }
}

export type PaymentService = ReturnType<typeof createPaymentService>

/** Money that is promised becomes ours; what is not what was ordered is not taken. */
export async function captured(
  provider: PaymentProvider,
  order: store.Order,
  fact: PaymentFact,
): Promise<PaymentFact> {
  const wanted = fact.micros === totalOf(order) && fact.currency === order.currency
  if (fact.state !== 'authorized' || isCredited(order) || !wanted) return fact
  try {
    return await provider.capture(fact)
  } catch (error) {
    // Somebody else was faster: then it says so when it is looked at again.
    if (error instanceof ProviderError && error.refused) return provider.payment(fact.id)
    throw error
  }
}

function orderRow(provider: string, offer: Offer) {
  return {
    id: newUuid(),
    state: 'creating',
    provider,
    provider_order_id: null,
    package: offer.package,
    currency: offer.currency,
    base_micros: offer.baseMicros,
    tax_micros: offer.taxMicros,
    tax_rule: offer.tax === null ? null : JSON.stringify(offer.tax),
    payment_id: null,
    receipt_number: null,
    problem: null,
    paid_at: null,
  } as const
}

type Profile = Awaited<ReturnType<AccountService['byId']>>

function buyerOf(account: Profile): ReceiptParty {
  const town = [account.postal_code, account.city].filter(Boolean).join(' ')
  const address = [account.address_line, town, account.state].filter((line) => line !== null)
  return {
    name: account.name,
    address: address.filter((line) => line !== ''),
    country: account.country,
    email: account.email,
    tax_id: account.tax_id,
  }
}

function asProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error
  throw error
}

const away = (error: ProviderError) =>
  new DomainError(
    'UPSTREAM_ERROR',
    'The payment provider does not answer right now; nothing is lost, and a payment that was made is credited as soon as it does. Try again shortly',
    { cause: error },
  )

const nothingToBuy =
  'Nothing is charged here, so there is nothing to buy; the operator sets "billing: { mode: prepaid }" in garrison.yaml to sell credits'
export const notConfigured =
  'No payment provider is configured; the operator sets payments.razorpay in garrison.yaml, or RAZORPAY_KEY_ID, RAZORPAY_KEY_SECRET and RAZORPAY_WEBHOOK_SECRET'
