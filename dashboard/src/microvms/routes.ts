import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { flagOf, oneOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'

export type MicrovmsSearch = {
  search?: string | undefined
  status?: string | undefined
  /** Those that have ended within the last day too. */
  ended?: true | undefined
  create?: true | undefined
  /** What the new one begins as. */
  snapshot?: string | undefined
}

const list = createRoute({
  getParentRoute: () => shell,
  path: '/microvms',
  staticData: { words: 'MicroVMs' },
  validateSearch: (search): MicrovmsSearch => ({
    search: textOf(search.search),
    status: textOf(search.status),
    ended: flagOf(search.ended),
    create: flagOf(search.create),
    snapshot: textOf(search.snapshot),
  }),
  component: lazyRouteComponent(() => import('./microvms-page.tsx'), 'MicrovmsPage'),
})

export type MicrovmSnapshotsSearch = {
  search?: string | undefined
  type?: string | undefined
  build?: true | undefined
}

const snapshots = createRoute({
  getParentRoute: () => shell,
  path: '/microvms/snapshots',
  staticData: { words: 'Snapshots of microVMs' },
  validateSearch: (search): MicrovmSnapshotsSearch => ({
    search: textOf(search.search),
    type: textOf(search.type),
    build: flagOf(search.build),
  }),
  component: lazyRouteComponent(
    () => import('../microvm-snapshots/snapshots-page.tsx'),
    'MicrovmSnapshotsPage',
  ),
})

const snapshot = createRoute({
  getParentRoute: () => shell,
  path: '/microvms/snapshots/$id',
  staticData: { words: 'Snapshot of microVMs' },
  component: lazyRouteComponent(
    () => import('../microvm-snapshots/snapshot-page.tsx'),
    'MicrovmSnapshotPage',
  ),
})

const shares = createRoute({
  getParentRoute: () => shell,
  path: '/microvms/shares',
  staticData: { words: 'Shares' },
  validateSearch: (search): { create?: true | undefined } => ({ create: flagOf(search.create) }),
  component: lazyRouteComponent(() => import('./shares-page.tsx'), 'SharesPage'),
})

/** What is asked about in a dialog before it is done. */
const questions = ['fork', 'snapshot', 'lifetime', 'delete'] as const
export type VmAsked = (typeof questions)[number]

const frame = createRoute({
  getParentRoute: () => shell,
  path: '/microvms/$id',
  staticData: { words: 'MicroVM' },
  validateSearch: ({ ask }): { ask?: VmAsked | undefined } => ({ ask: oneOf(questions, ask) }),
  component: lazyRouteComponent(() => import('./vm-layout.tsx'), 'VmLayout'),
})

const overview = createRoute({
  getParentRoute: () => frame,
  path: '/',
  component: lazyRouteComponent(() => import('./overview-tab.tsx'), 'OverviewTab'),
})
const terminal = createRoute({
  getParentRoute: () => frame,
  path: '/terminal',
  component: lazyRouteComponent(() => import('./terminal-tab.tsx'), 'TerminalTab'),
})
const run = createRoute({
  getParentRoute: () => frame,
  path: '/run',
  component: lazyRouteComponent(() => import('./run-tab.tsx'), 'RunTab'),
})
const files = createRoute({
  getParentRoute: () => frame,
  path: '/files',
  component: lazyRouteComponent(() => import('./files-tab.tsx'), 'FilesTab'),
})
const egress = createRoute({
  getParentRoute: () => frame,
  path: '/egress',
  component: lazyRouteComponent(() => import('./egress-tab.tsx'), 'EgressTab'),
})
const sharesOfOne = createRoute({
  getParentRoute: () => frame,
  path: '/shares',
  component: lazyRouteComponent(() => import('./shares-tab.tsx'), 'SharesTab'),
})
const activity = createRoute({
  getParentRoute: () => frame,
  path: '/activity',
  component: lazyRouteComponent(() => import('./activity-tab.tsx'), 'ActivityTab'),
})

export const microvmRoutes = [
  list,
  snapshots,
  snapshot,
  shares,
  frame.addChildren([overview, terminal, run, files, egress, sharesOfOne, activity]),
] as const
