/** Puts the parts of buying credits together. A second provider goes beside the first. */
import type { AccountService } from '../accounts/service.ts'
import type { BillingService } from '../billing/service.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { createRazorpay } from './razorpay.ts'
import { createRefundService } from './refunds.ts'
import { createPaymentService } from './service.ts'
import { createSweep } from './sweep.ts'

export function createPayments({
  clock,
  config,
  ...deps
}: {
  clock: Clock
  config: Pick<Config, 'payments'>
  accounts: AccountService
  billing: BillingService
}) {
  const { razorpay } = config.payments
  const providers = razorpay === null ? [] : [createRazorpay(razorpay)]
  const payments = createPaymentService({ clock, config: config.payments, providers, ...deps })
  const refunds = createRefundService({ clock, payments })
  return { payments, refunds, paymentSweep: createSweep({ clock, payments, refunds }) }
}
