/**
 * The life of a delivery, as data.
 *
 *     pending ─┬─► success    the receiver answered with 2xx
 *              └─► failed     it never did, or its webhook was switched off or removed meanwhile
 */
export const deliveryStatuses = ['pending', 'success', 'failed'] as const
export type DeliveryStatus = (typeof deliveryStatuses)[number]
