import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { flagOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'

export type PoliciesSearch = {
  page?: number | undefined
  search?: string | undefined
  create?: true | undefined
}

export const policyRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/snapshots/policies',
    staticData: { words: 'Snapshot policies' },
    validateSearch: (search): PoliciesSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
      create: flagOf(search.create),
    }),
    component: lazyRouteComponent(() => import('./policies-page.tsx'), 'PoliciesPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/snapshots/policies/$id',
    staticData: { words: 'Snapshot policy' },
    component: lazyRouteComponent(() => import('./policy-page.tsx'), 'PolicyPage'),
  }),
] as const
