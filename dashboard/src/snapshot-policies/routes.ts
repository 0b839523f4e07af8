import { createRoute } from '@tanstack/react-router'
import { flagOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export type PoliciesSearch = {
  page?: number | undefined
  search?: string | undefined
  create?: true | undefined
}

export const policyRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/snapshots/policies',
    staticData: { words: 'Snapshot policies', under: { to: '/snapshots', words: 'Snapshots' } },
    validateSearch: (search): PoliciesSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
      create: flagOf(search.create),
    }),
    component: lazyPage(() => import('./policies-page.tsx'), 'PoliciesPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/snapshots/policies/$id',
    staticData: {
      words: 'Snapshot policy',
      under: { to: '/snapshots/policies', words: 'Snapshot policies' },
    },
    component: lazyPage(() => import('./policy-page.tsx'), 'PolicyPage'),
  }),
] as const
