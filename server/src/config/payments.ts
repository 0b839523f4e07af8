/** How credits are bought. Amounts are decimals here and nowhere else. */
import { z } from 'zod'
import { isWholeCents } from '../money.ts'

/** Amounts that a payment can have: whole hundredths, and not beyond what providers take. */
const amount = z.number().positive().max(10_000_000).refine(isWholeCents, 'at most two decimals')
const amounts = z.strictObject({ USD: amount, EUR: amount, INR: amount })

const each = (USD: number, EUR: number, INR: number) => ({ USD, EUR, INR })

export const payments = z
  .strictObject({
    /** Null: nothing can be bought. Also from RAZORPAY_KEY_ID, RAZORPAY_KEY_SECRET, RAZORPAY_WEBHOOK_SECRET. */
    razorpay: z
      .strictObject({
        key_id: z.string().min(1),
        key_secret: z.string().min(1),
        /** Of the webhook that is set up for `/api/credits/webhooks/razorpay/`. */
        webhook_secret: z.string().min(1),
        base_url: z.url().default('https://api.razorpay.com'),
      })
      .nullable()
      .default(null),
    packages: z
      .array(z.strictObject({ name: z.string().min(1).max(50), prices: amounts }))
      .default([
        { name: 'Starter', prices: each(25, 25, 2_000) },
        { name: 'Professional', prices: each(100, 100, 8_000) },
        { name: 'Enterprise', prices: each(500, 500, 40_000) },
      ]),
    /** Of an amount of one's own, before tax. */
    minimum: amounts.prefault(each(5, 5, 100)),
    maximum: amounts.prefault(each(10_000, 10_000, 800_000)),
    /** How long an order can be paid. */
    order_minutes: z.int().min(5).max(1_440).default(30),
    /** Who sells; stands on receipts. */
    seller: z
      .strictObject({
        name: z.string().min(1).max(100).default('Garrison'),
        address: z.array(z.string().max(255)).max(10).default([]),
        country: z.string().max(100).nullable().default(null),
        email: z.string().max(255).nullable().default(null),
        /** GSTIN or VAT number. */
        tax_id: z.string().max(50).nullable().default(null),
      })
      .prefault({}),
  })
  .refine(
    ({ packages }) =>
      new Set(packages.map(({ name }) => name.toLowerCase())).size === packages.length,
    { error: 'packages with different names', path: ['packages'] },
  )
  .prefault({})

export type PaymentsConfig = z.infer<typeof payments>

/** The file's settings with what the environment says of the provider, which wins. */
export function withProviderOf(
  file: unknown,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  const given = Object.entries({
    key_id: env.RAZORPAY_KEY_ID,
    key_secret: env.RAZORPAY_KEY_SECRET,
    webhook_secret: env.RAZORPAY_WEBHOOK_SECRET,
  }).filter(([, value]) => value)
  if (given.length === 0) return file
  const settings = asRecord(file)
  return {
    ...settings,
    razorpay: { ...asRecord(settings.razorpay), ...Object.fromEntries(given) },
  }
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
