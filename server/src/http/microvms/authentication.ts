/**
 * How this dialect shows who asks, beyond the headers that are common to all: a key within the body, where
 * that is published, and a bearer token of `POST /v1/token`, which stands for a session.
 */
import { bringsSession } from '../../sign-in/sessions.ts'
import type { AppContext } from '../answers.ts'
import type { Shown } from '../authentication.ts'

const tokenPrefix = 'grt_'
const keyInBody = new Set(['/v1/sessions/session', '/execute', '/execute_async'])

/** Its body must be read before anybody knows who asks. */
export const mayShowInBody = (c: AppContext) =>
  c.req.method === 'POST' &&
  keyInBody.has(c.req.path) &&
  c.req.header('authorization') === undefined &&
  c.req.header('x-api-key') === undefined &&
  // What a header or a cookie says goes first.
  !bringsSession(c.req.header('cookie'))

/** `cookie`: as a browser would send it. */
export const tokenOf = (cookie: string) =>
  tokenPrefix + Buffer.from(cookie, 'utf8').toString('base64url')

export async function shownInBody(c: AppContext): Promise<Shown | null> {
  const authorization = c.req.header('authorization')?.trim() ?? ''
  const token = /^bearer +grt_(\S+)$/i.exec(authorization)?.[1]
  if (token !== undefined) return { cookie: Buffer.from(token, 'base64url').toString('utf8') }
  if (!mayShowInBody(c)) return null
  const key = await c.req
    .text()
    .then((text): unknown => JSON.parse(text)?.api_key)
    .catch(() => null)
  return typeof key === 'string' && /^\S{1,512}$/.test(key) ? { key } : null
}
