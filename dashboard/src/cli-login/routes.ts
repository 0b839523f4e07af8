import { createRoute } from '@tanstack/react-router'
import { flagOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

/** What `garrison login` sends along; null where it is not what that would send. */
export type CliLoginSearch = {
  /** Its public key. */
  key?: string | undefined
  /** Its own random word, which it wants back. */
  state?: string | undefined
  /** On this machine, where it waits for the answer. */
  port?: number | undefined
  host?: string | undefined
  done?: true | undefined
}

const fits = (value: unknown, shape: RegExp): string | undefined =>
  typeof value === 'string' && shape.test(value) ? value : undefined

function portOf(value: unknown): number | undefined {
  const port = Number(value)
  return Number.isInteger(port) && port >= 1024 && port <= 65_535 ? port : undefined
}

export const cliLoginRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/cli-login',
    staticData: { words: 'Command line' },
    validateSearch: (search): CliLoginSearch => ({
      key: fits(search.key, /^[\w-]{87}$/),
      state: fits(search.state, /^[\w-]{22,64}$/),
      port: portOf(search.port),
      host: fits(String(search.host ?? ''), /^[A-Za-z0-9 ._-]{1,40}$/),
      done: flagOf(search.done),
    }),
    component: lazyPage(() => import('./cli-login-page.tsx'), 'CliLoginPage'),
  }),
] as const
