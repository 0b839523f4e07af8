/** The payment provider's own window, from its own script: it is loaded when somebody pays, and not before. */
import type { Answer } from '../api/client.ts'

type Checkout = NonNullable<Answer<'post', '/api/credits/orders/'>['checkout']>
type Paid = { razorpay_order_id: string; razorpay_payment_id: string; razorpay_signature: string }
type Razorpay = new (options: Record<string, unknown>) => { open(): void }

const script = 'https://checkout.razorpay.com/v1/checkout.js'

function load(): Promise<Razorpay> {
  return new Promise((resolve, reject) => {
    const tag = document.createElement('script')
    tag.src = script
    tag.onload = () => resolve((window as unknown as { Razorpay: Razorpay }).Razorpay)
    tag.onerror = () =>
      reject(new Error('The payment window did not load. Check the connection, then try again.'))
    document.head.append(tag)
  })
}

/** What proves the payment; null when the window was closed without one. */
export async function checkout({ provider, order_id, ...about }: Checkout): Promise<Paid | null> {
  const Window = await load()
  return new Promise((resolve) => {
    new Window({
      key: about.key_id,
      order_id,
      amount: about.amount,
      currency: about.currency,
      name: about.name,
      description: about.description,
      prefill: about.prefill,
      notes: { provider },
      handler: resolve,
      modal: { ondismiss: () => resolve(null) },
    }).open()
  })
}
