import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { flagOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'

export type ApiKeysSearch = { search?: string | undefined; create?: true | undefined }

export const apiKeyRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/api-keys',
    staticData: { words: 'API keys' },
    validateSearch: (search): ApiKeysSearch => ({
      search: textOf(search.search),
      create: flagOf(search.create),
    }),
    component: lazyRouteComponent(() => import('./api-keys-page.tsx'), 'ApiKeysPage'),
  }),
] as const
