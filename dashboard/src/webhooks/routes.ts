import { type DeliveryStatus, deliveryStatuses } from '@garrison/contract/webhooks/states'
import { createRoute } from '@tanstack/react-router'
import { flagOf, pageOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export type WebhooksSearch = { page?: number | undefined; create?: true | undefined }
export type DeliveriesSearch = { page?: number | undefined; status?: DeliveryStatus | undefined }

export const webhookRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/webhooks',
    staticData: { words: 'Webhooks' },
    validateSearch: (search): WebhooksSearch => ({
      page: pageOf(search.page),
      create: flagOf(search.create),
    }),
    component: lazyPage(() => import('./webhooks-page.tsx'), 'WebhooksPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/webhooks/$id',
    staticData: { words: 'Webhook', under: { to: '/webhooks', words: 'Webhooks' } },
    validateSearch: (search): DeliveriesSearch => ({
      page: pageOf(search.page),
      status: deliveryStatuses.find((each) => each === search.status),
    }),
    component: lazyPage(() => import('./webhook-page.tsx'), 'WebhookPage'),
  }),
] as const
