import { createRoute, redirect } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'
import { OperatorsOnly } from './operators-only.tsx'

export type HostsSearch = { search?: string | undefined; state?: string | undefined }
export type AccountsSearch = {
  page?: number | undefined
  search?: string | undefined
  suspended?: 'true' | 'false' | undefined
}
export type OperationsSearch = {
  page?: number | undefined
  state?: string | undefined
  kind?: string | undefined
  account?: string | undefined
  subject?: string | undefined
}
export type PricesSearch = {
  show?: 'planned' | 'history' | undefined
  page?: number | undefined
}

const operator = createRoute({
  getParentRoute: () => shell,
  path: '/operator',
  staticData: { words: 'Operator' },
  component: OperatorsOnly,
})
const parent = { getParentRoute: () => operator } as const

const begin = createRoute({
  ...parent,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/operator/hosts', replace: true })
  },
})
const hosts = createRoute({
  ...parent,
  path: '/hosts',
  staticData: { words: 'Hosts' },
  validateSearch: ({ search, state }): HostsSearch => ({
    search: textOf(search),
    state: textOf(state),
  }),
  component: lazyPage(() => import('./hosts-page.tsx'), 'HostsPage'),
})
const host = createRoute({
  ...parent,
  path: '/hosts/$region/$host',
  staticData: { words: 'Host', under: { to: '/operator/hosts', words: 'Hosts' } },
  validateSearch: ({ page }): { page?: number | undefined } => ({ page: pageOf(page) }),
  component: lazyPage(() => import('./host-page.tsx'), 'HostPage'),
})
const accounts = createRoute({
  ...parent,
  path: '/accounts',
  staticData: { words: 'Accounts' },
  validateSearch: ({ page, search, suspended }): AccountsSearch => ({
    page: pageOf(page),
    search: textOf(search),
    // A flag in an address is read as one, whoever wrote it.
    suspended: yesOrNo(suspended),
  }),
  component: lazyPage(() => import('./accounts-page.tsx'), 'AccountsPage'),
})
const account = createRoute({
  ...parent,
  path: '/accounts/$id',
  staticData: { words: 'Account', under: { to: '/operator/accounts', words: 'Accounts' } },
  component: lazyPage(() => import('./account-page.tsx'), 'AccountPage'),
})
const operations = createRoute({
  ...parent,
  path: '/operations',
  staticData: { words: 'Operations' },
  validateSearch: ({ page, state, kind, account, subject }): OperationsSearch => ({
    page: pageOf(page),
    state: textOf(state),
    kind: textOf(kind),
    account: textOf(account),
    subject: textOf(subject),
  }),
  component: lazyPage(() => import('./operations-page.tsx'), 'OperatorOperationsPage'),
})
const operation = createRoute({
  ...parent,
  path: '/operations/$id',
  staticData: { words: 'Operation', under: { to: '/operator/operations', words: 'Operations' } },
  component: lazyPage(() => import('./operation-page.tsx'), 'OperationPage'),
})
const prices = createRoute({
  ...parent,
  path: '/prices',
  staticData: { words: 'Prices' },
  validateSearch: ({ show, page }): PricesSearch => ({
    show: show === 'planned' || show === 'history' ? show : undefined,
    page: pageOf(page),
  }),
  component: lazyPage(() => import('./prices-page.tsx'), 'PricesPage'),
})

function yesOrNo(value: unknown): 'true' | 'false' | undefined {
  if (value === true || value === 'true') return 'true'
  return value === false || value === 'false' ? 'false' : undefined
}

export const operatorRoutes = [
  operator.addChildren([begin, hosts, host, accounts, account, operations, operation, prices]),
] as const
