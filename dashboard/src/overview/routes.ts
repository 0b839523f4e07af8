import { createRoute } from '@tanstack/react-router'
import { textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export const overviewRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/',
    staticData: { words: 'Overview' },
    /** The instance that is looked at. */
    validateSearch: (search): { vm?: string | undefined } => ({ vm: textOf(search.vm) }),
    component: lazyPage(() => import('./overview-page.tsx'), 'OverviewPage'),
  }),
] as const
