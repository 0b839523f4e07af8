/** Which methods a path takes, found among the registered routes. */
import type { App } from './answers.ts'

type Pattern = { method: string; matches: RegExp }

const patternsOf = new WeakMap<App, readonly Pattern[]>()

/** Empty when nothing is registered there. HEAD comes with GET, and OPTIONS with everything. */
export function methodsOf(app: App, path: string): string[] {
  let patterns = patternsOf.get(app)
  if (patterns === undefined) {
    patterns = app.routes
      // Middleware is registered for all methods.
      .filter((route) => route.method !== 'ALL')
      .map((route) => ({ method: route.method, matches: expression(route.path) }))
    patternsOf.set(app, patterns)
  }
  const methods = patterns.filter((each) => each.matches.test(path)).map((each) => each.method)
  return [...new Set(methods)].sort()
}

export const allowHeader = (methods: readonly string[]) =>
  [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')

/** `/api/instances/:instance_id/` as an expression. */
function expression(path: string) {
  const parts = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  return new RegExp(`^${parts.join('/')}$`)
}
