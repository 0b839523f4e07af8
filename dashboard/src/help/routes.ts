import { createRoute } from '@tanstack/react-router'
import { textOf } from '../api/search.ts'
import { root } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'
import { MissingGuide } from './missing-guide.tsx'

/** For everybody, signed in or not: who cannot get in needs it most. */
const help = createRoute({
  getParentRoute: () => root,
  path: '/help',
  validateSearch: (search): { q?: string | undefined } => ({ q: textOf(search.q) }),
  component: lazyPage(() => import('./help-layout.tsx'), 'HelpLayout'),
})

const index = createRoute({
  getParentRoute: () => help,
  path: '/',
  component: lazyPage(() => import('./help-page.tsx'), 'HelpPage'),
})

const guide = createRoute({
  getParentRoute: () => help,
  path: '/$guide',
  notFoundComponent: MissingGuide,
  loader: async ({ params }) => (await import('./load-guide.ts')).loadGuide(params.guide),
  component: lazyPage(() => import('./guide-page.tsx'), 'GuidePage'),
})

export const helpRoutes = [help.addChildren([index, guide])] as const
