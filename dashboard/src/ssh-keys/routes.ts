import { createRoute } from '@tanstack/react-router'
import { flagOf, pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export type SshKeysSearch = {
  page?: number | undefined
  search?: string | undefined
  sort?: 'name' | undefined
  create?: true | undefined
}

export const sshKeyRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/ssh-keys',
    staticData: { words: 'SSH keys' },
    validateSearch: (search): SshKeysSearch => ({
      page: pageOf(search.page),
      search: textOf(search.search),
      sort: search.sort === 'name' ? 'name' : undefined,
      create: flagOf(search.create),
    }),
    component: lazyPage(() => import('./ssh-keys-page.tsx'), 'SshKeysPage'),
  }),
] as const
