import { createRoute } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

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
    component: lazyPage(() => import('./scripts-page.tsx'), 'ScriptsPage'),
  }),
] as const
