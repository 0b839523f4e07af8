import { createRoute } from '@tanstack/react-router'
import { flagOf, oneOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

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
  component: lazyPage(() => import('./microvms-page.tsx'), 'MicrovmsPage'),
})

export type MicrovmSnapshotsSearch = {
  search?: string | undefined
  type?: string | undefined
  build?: true | undefined
}

const snapshots = createRoute({
  getParentRoute: () => shell,
  path: '/microvms/snapshots',
  staticData: { words: 'Snapshots of microVMs', under: { to: '/microvms', words: 'MicroVMs' } },
  validateSearch: (search): MicrovmSnapshotsSearch => ({
    search: textOf(search.search),
    type: textOf(search.type),
    build: flagOf(search.build),
  }),
  component: lazyPage(
    () => import('../microvm-snapshots/snapshots-page.tsx'),
    'MicrovmSnapshotsPage',
  ),
})

const snapshot = createRoute({
  getParentRoute: () => shell,
  path: '/microvms/snapshots/$id',
  staticData: {
    words: 'Snapshot of microVMs',
    under: { to: '/microvms/snapshots', words: 'Snapshots of microVMs' },
  },
  component: lazyPage(
    () => import('../microvm-snapshots/snapshot-page.tsx'),
    'MicrovmSnapshotPage',
  ),
})

const shares = createRoute({
  getParentRoute: () => shell,
  path: '/microvms/shares',
  staticData: { words: 'Shares', under: { to: '/microvms', words: 'MicroVMs' } },
  validateSearch: (search): { create?: true | undefined } => ({ create: flagOf(search.create) }),
  component: lazyPage(() => import('./shares-page.tsx'), 'SharesPage'),
})

/** What is asked about in a dialog before it is done. */
const questions = ['fork', 'snapshot', 'lifetime', 'delete'] as const
export type VmAsked = (typeof questions)[number]

const frame = createRoute({
  getParentRoute: () => shell,
  path: '/microvms/$id',
  staticData: { words: 'MicroVM', under: { to: '/microvms', words: 'MicroVMs' } },
  validateSearch: ({ ask }): { ask?: VmAsked | undefined } => ({ ask: oneOf(questions, ask) }),
  component: lazyPage(() => import('./vm-layout.tsx'), 'VmLayout'),
})

const overview = createRoute({
  getParentRoute: () => frame,
  path: '/',
  component: lazyPage(() => import('./overview-tab.tsx'), 'OverviewTab'),
})
const terminal = createRoute({
  getParentRoute: () => frame,
  path: '/terminal',
  component: lazyPage(() => import('./terminal-tab.tsx'), 'TerminalTab'),
})
const run = createRoute({
  getParentRoute: () => frame,
  path: '/run',
  component: lazyPage(() => import('./run-tab.tsx'), 'RunTab'),
})
const files = createRoute({
  getParentRoute: () => frame,
  path: '/files',
  component: lazyPage(() => import('./files-tab.tsx'), 'FilesTab'),
})
const egress = createRoute({
  getParentRoute: () => frame,
  path: '/egress',
  component: lazyPage(() => import('./egress-tab.tsx'), 'EgressTab'),
})
const sharesOfOne = createRoute({
  getParentRoute: () => frame,
  path: '/shares',
  component: lazyPage(() => import('./shares-tab.tsx'), 'SharesTab'),
})
const activity = createRoute({
  getParentRoute: () => frame,
  path: '/activity',
  component: lazyPage(() => import('./activity-tab.tsx'), 'ActivityTab'),
})

export const microvmRoutes = [
  list,
  snapshots,
  snapshot,
  shares,
  frame.addChildren([overview, terminal, run, files, egress, sharesOfOne, activity]),
] as const
