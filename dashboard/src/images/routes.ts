import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'

export type ImagesSearch = { page?: number | undefined; search?: string | undefined }

export const imageRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/images',
    staticData: { words: 'Images' },
    validateSearch: (search): ImagesSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
    }),
    component: lazyRouteComponent(() => import('./images-page.tsx'), 'ImagesPage'),
  }),
] as const
