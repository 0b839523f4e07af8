import { createRoute } from '@tanstack/react-router'
import { flagOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export type SnapshotsSearch = {
  page?: number | undefined
  search?: string | undefined
  create?: true | undefined
  import?: true | undefined
  /** Whose details are shown, so that they can be linked to. */
  snapshot?: string | undefined
}

export const snapshotRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/snapshots',
    staticData: { words: 'Snapshots' },
    validateSearch: (search): SnapshotsSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
      create: flagOf(search.create),
      import: flagOf(search.import),
      snapshot: textOf(search.snapshot),
    }),
    component: lazyPage(() => import('./snapshots-page.tsx'), 'SnapshotsPage'),
  }),
] as const
