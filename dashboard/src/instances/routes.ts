import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { oneOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'

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
  component: lazyRouteComponent(() => import('./instances-page.tsx'), 'InstancesPage'),
})

/** What is asked about in a dialog before it is done. */
const questions = ['hibernate', 'snapshot', 'delete'] as const
export type InstanceAsked = (typeof questions)[number]

/** The frame of everything about one instance; each tab is a route in it, also of other areas. */
export const instance = createRoute({
  getParentRoute: () => shell,
  path: '/instances/$id',
  staticData: { words: 'Instance' },
  validateSearch: ({ ask }): { ask?: InstanceAsked | undefined } => ({
    ask: oneOf(questions, ask),
  }),
  component: lazyRouteComponent(() => import('./instance-layout.tsx'), 'InstanceLayout'),
})

const overview = createRoute({
  getParentRoute: () => instance,
  path: '/',
  component: lazyRouteComponent(() => import('./overview-tab.tsx'), 'OverviewTab'),
})
const volumes = createRoute({
  getParentRoute: () => instance,
  path: '/volumes',
  component: lazyRouteComponent(() => import('./volumes-tab.tsx'), 'VolumesTab'),
})
const network = createRoute({
  getParentRoute: () => instance,
  path: '/network',
  component: lazyRouteComponent(() => import('./network-tab.tsx'), 'NetworkTab'),
})
const snapshots = createRoute({
  getParentRoute: () => instance,
  path: '/snapshots',
  component: lazyRouteComponent(() => import('./snapshots-tab.tsx'), 'SnapshotsTab'),
})
const billing = createRoute({
  getParentRoute: () => instance,
  path: '/billing',
  component: lazyRouteComponent(() => import('./billing-tab.tsx'), 'BillingTab'),
})
const activity = createRoute({
  getParentRoute: () => instance,
  path: '/activity',
  component: lazyRouteComponent(() => import('./activity-tab.tsx'), 'ActivityTab'),
})

export const instanceList = list
/** Of this area; others bring tabs of their own. */
export const instanceTabs = [overview, volumes, network, snapshots, billing, activity] as const
