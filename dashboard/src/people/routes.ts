import { createRoute } from '@tanstack/react-router'
import { flagOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export type PeopleSearch = { search?: string | undefined; invite?: true | undefined }

export const peopleRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/people',
    staticData: { words: 'People' },
    validateSearch: (search): PeopleSearch => ({
      search: textOf(search.search),
      invite: flagOf(search.invite),
    }),
    component: lazyPage(() => import('./people-page.tsx'), 'PeoplePage'),
  }),
] as const
