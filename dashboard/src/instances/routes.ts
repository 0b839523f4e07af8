import { createRoute } from '@tanstack/react-router'
import { oneOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export type InstancesSearch = {
  page?: number | undefined
  search?: string | undefined
  status?: string | undefined
}

const list = createRoute({
  getParentRoute: () => shell,
  path: '/instances',
  staticData: { words: 'Instances' },
  validateSearch: (search): InstancesSearch => ({
    page: pageOf(search.page),
    search: textOf(search.search),
    status: textOf(search.status),
  }),
  component: lazyPage(() => import('./instances-page.tsx'), 'InstancesPage'),
})

/** What is asked about in a dialog before it is done. */
const questions = ['hibernate', 'snapshot', 'delete'] as const
export type InstanceAsked = (typeof questions)[number]

/** The frame of everything about one instance; each tab is a route in it, also of other areas. */
export const instance = createRoute({
  getParentRoute: () => shell,
  path: '/instances/$id',
  staticData: { words: 'Instance', under: { to: '/instances', words: 'Instances' } },
  validateSearch: ({ ask }): { ask?: InstanceAsked | undefined } => ({
    ask: oneOf(questions, ask),
  }),
  component: lazyPage(() => import('./instance-layout.tsx'), 'InstanceLayout'),
})

const overview = createRoute({
  getParentRoute: () => instance,
  path: '/',
  component: lazyPage(() => import('./overview-tab.tsx'), 'OverviewTab'),
})
const volumes = createRoute({
  getParentRoute: () => instance,
  path: '/volumes',
  component: lazyPage(() => import('./volumes-tab.tsx'), 'VolumesTab'),
})
const network = createRoute({
  getParentRoute: () => instance,
  path: '/network',
  component: lazyPage(() => import('./network-tab.tsx'), 'NetworkTab'),
})
const snapshots = createRoute({
  getParentRoute: () => instance,
  path: '/snapshots',
  component: lazyPage(() => import('./snapshots-tab.tsx'), 'SnapshotsTab'),
})
const billing = createRoute({
  getParentRoute: () => instance,
  path: '/billing',
  component: lazyPage(() => import('./billing-tab.tsx'), 'BillingTab'),
})
const activity = createRoute({
  getParentRoute: () => instance,
  path: '/activity',
  component: lazyPage(() => import('./activity-tab.tsx'), 'ActivityTab'),
})

export const instanceList = list
/** Of this area; others bring tabs of their own. */
export const instanceTabs = [overview, volumes, network, snapshots, billing, activity] as const
