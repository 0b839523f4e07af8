/** Which requests change something, as the contract says. */
import { isWrite, mayWrite } from '@garrison/contract/access'
import { everyRoute } from '@garrison/contract/every-route'
import type { RequestCaller } from '../caller.ts'
import { DomainError } from '../errors.ts'
import type { AppContext } from './answers.ts'

/** Routes whose method does not tell. */
const marked = everyRoute
  .filter((route) => 'x-access' in route)
  .map((route) => ({ route, path: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))

export function requireAccess(c: AppContext, { access }: Pick<RequestCaller, 'access'>) {
  if (mayWrite(access)) return
  const { path } = c.req
  const method = c.req.method === 'HEAD' ? 'GET' : c.req.method
  const said = marked.find(
    (each) => each.route.method === method.toLowerCase() && each.path.test(path),
  )
  if (!isWrite(said?.route ?? { method })) return
  throw new DomainError(
    'PERMISSION_DENIED',
    'This API key is read-only: it may look at everything and change nothing. Use another key',
  )
}
