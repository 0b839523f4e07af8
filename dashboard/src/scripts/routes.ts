import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'

export type ScriptsSearch = {
  page?: number | undefined
  search?: string | undefined
  /** Id of the one that is edited, or `new`. */
  edit?: string | undefined
}

export const scriptRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/scripts',
    staticData: { words: 'Scripts' },
    validateSearch: (search): ScriptsSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
      edit: textOf(search.edit),
    }),
    component: lazyRouteComponent(() => import('./scripts-page.tsx'), 'ScriptsPage'),
  }),
] as const
