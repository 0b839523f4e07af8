import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { flagOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'

export type ImagesSearch = {
  page?: number | undefined
  search?: string | undefined
  create?: true | undefined
  /** Whose details are shown, so that they can be linked to. */
  image?: string | undefined
}

export const imageRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/images',
    staticData: { words: 'Images' },
    validateSearch: (search): ImagesSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
      create: flagOf(search.create),
      image: textOf(search.image),
    }),
    component: lazyRouteComponent(() => import('./images-page.tsx'), 'ImagesPage'),
  }),
] as const
