import { createRoute } from '@tanstack/react-router'
import { flagOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export type VolumesSearch = {
  page?: number | undefined
  search?: string | undefined
  create?: true | undefined
}

export const volumeRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/volumes',
    staticData: { words: 'Volumes' },
    validateSearch: (search): VolumesSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
      create: flagOf(search.create),
    }),
    component: lazyPage(() => import('./volumes-page.tsx'), 'VolumesPage'),
  }),
] as const
