import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'

export type InstancesSearch = {
  page?: number | undefined
  search?: string | undefined
  status?: string | undefined
}

export const instanceRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/instances',
    staticData: { words: 'Instances' },
    validateSearch: (search): InstancesSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
      status: textOf(search.status),
    }),
    component: lazyRouteComponent(() => import('./instances-page.tsx'), 'InstancesPage'),
  }),
] as const
