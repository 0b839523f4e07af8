import { createRoute } from '@tanstack/react-router'
import { flagOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export type FirewallsSearch = {
  page?: number | undefined
  search?: string | undefined
  create?: true | undefined
}

export const firewallRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/firewalls',
    staticData: { words: 'Firewalls' },
    validateSearch: (search): FirewallsSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
      create: flagOf(search.create),
    }),
    component: lazyPage(() => import('./firewalls-page.tsx'), 'FirewallsPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/firewalls/$id',
    staticData: { words: 'Firewall', under: { to: '/firewalls', words: 'Firewalls' } },
    validateSearch: (search): { tab?: 'vms' | undefined } => ({
      tab: search.tab === 'vms' ? 'vms' : undefined,
    }),
    component: lazyPage(() => import('./firewall-page.tsx'), 'FirewallPage'),
  }),
] as const
