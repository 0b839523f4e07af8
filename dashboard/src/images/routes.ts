import { createRoute } from '@tanstack/react-router'
import { flagOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

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
    component: lazyPage(() => import('./images-page.tsx'), 'ImagesPage'),
  }),
] as const
