import { createRoute } from '@tanstack/react-router'
import { textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

/** What is chosen, so that a half-filled form can be reloaded and sent to a colleague. */
export type DeploySearch = {
  /** GPU model, or `CPU`. */
  model?: string | undefined
  flavor?: string | undefined
  /** The region; that in the top line only narrows lists. */
  in?: string | undefined
  boot?: 'volume' | 'custom_image' | undefined
  source?: string | undefined
}

export const deployRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/instances/new',
    staticData: { words: 'Deploy', under: { to: '/instances', words: 'Instances' } },
    validateSearch: (search): DeploySearch => ({
      model: textOf(search.model),
      flavor: textOf(search.flavor),
      in: textOf(search.in),
      boot: search.boot === 'volume' || search.boot === 'custom_image' ? search.boot : undefined,
      source: textOf(search.source),
    }),
    component: lazyPage(() => import('./deploy-page.tsx'), 'DeployPage'),
  }),
] as const
