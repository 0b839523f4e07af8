import { createRoute } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

const kinds = ['instances', 'snapshots', 'volumes', 'microvms'] as const
export type BillingKind = (typeof kinds)[number]

const types = ['microvm', 'microvm-snapshot'] as const

export type BillingSearch = {
  kind?: BillingKind | undefined
  page?: number | undefined
  /** Days, `2026-01-10`. */
  from?: string | undefined
  to?: string | undefined
  /** Of `microvms`: one of the two that are in it. */
  type?: (typeof types)[number] | undefined
  /** Of `microvms`: the id of the only one that is asked for. */
  of?: string | undefined
}

const dayOf = (value: unknown) => {
  const text = textOf(value)
  return text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : undefined
}

const idOf = (value: unknown) => {
  const text = textOf(value)
  return text !== undefined && /^(vm|snap)_[a-z0-9]+$/.test(text) ? text : undefined
}

export const billingRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/billing',
    staticData: { words: 'Billing' },
    validateSearch: (search): BillingSearch => ({
      kind: kinds.find((kind) => kind === search.kind),
      page: pageOf(search.page),
      from: dayOf(search.from),
      to: dayOf(search.to),
      type: types.find((type) => type === search.type),
      of: idOf(search.of),
    }),
    component: lazyPage(() => import('./billing-page.tsx'), 'BillingPage'),
  }),
] as const
