import { createRoute } from '@tanstack/react-router'
import { flagOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

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
    component: lazyPage(() => import('./api-keys-page.tsx'), 'ApiKeysPage'),
  }),
] as const
