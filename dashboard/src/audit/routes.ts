import { createRoute } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'
import { dayOf } from './filter.ts'

export type AuditSearch = {
  page?: number | undefined
  action?: string | undefined
  actor?: string | undefined
  subject?: string | undefined
  /** Days, where the browser is, with both in it. */
  from?: string | undefined
  to?: string | undefined
}

export const auditRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/audit',
    staticData: { words: 'Audit log' },
    validateSearch: (search): AuditSearch => ({
      page: pageOf(search.page),
      action: textOf(search.action),
      actor: textOf(search.actor),
      subject: textOf(search.subject),
      from: dayOf(search.from),
      to: dayOf(search.to),
    }),
    component: lazyPage(() => import('./audit-page.tsx'), 'AuditPage'),
  }),
] as const
