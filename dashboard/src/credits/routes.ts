import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'

export const creditRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/credits',
    staticData: { words: 'Credits' },
    validateSearch: (search): { page?: number | undefined; kind?: string | undefined } => ({
      page: pageOf(search.page),
      kind: textOf(search.kind),
    }),
    component: lazyRouteComponent(() => import('./credits-page.tsx'), 'CreditsPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/credits/orders/$id',
    staticData: { words: 'Order' },
    component: lazyRouteComponent(() => import('./order-page.tsx'), 'OrderPage'),
  }),
] as const
