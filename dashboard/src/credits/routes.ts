import { createRoute } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export const creditRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/credits',
    staticData: { words: 'Credits' },
    validateSearch: (search): { page?: number | undefined; kind?: string | undefined } => ({
      page: pageOf(search.page),
      kind: textOf(search.kind),
    }),
    component: lazyPage(() => import('./credits-page.tsx'), 'CreditsPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/credits/orders/$id',
    staticData: { words: 'Order', under: { to: '/credits', words: 'Credits' } },
    component: lazyPage(() => import('./order-page.tsx'), 'OrderPage'),
  }),
] as const
