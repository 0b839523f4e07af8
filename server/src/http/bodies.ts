/** Reads a request's body once, before the schemas look at it, so that its faults get clear words. */
import { everyRoute } from '@garrison/contract/every-route'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { DomainError, ValidationError } from '../errors.ts'
import type { AppEnv } from './answers.ts'

const largestBodyBytes = 1024 * 1024
/** Our own bodies are four levels deep; what goes through values by recursion must not meet thousands. */
const deepestBody = 32

/** Routes whose body is a file: it is streamed, and whoever takes it knows how long it may be. */
const fileRoutes = everyRoute
  .filter(({ request }) => request?.body?.content['application/octet-stream'] !== undefined)
  .map(({ method, path }) => ({
    method: method.toUpperCase(),
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))

export const takesFile = ({ method, path }: { method: string; path: string }) =>
  fileRoutes.some((route) => route.method === method && route.pattern.test(path))

const limitJson: MiddlewareHandler<AppEnv> = bodyLimit({
  maxSize: largestBodyBytes,
  onError: () => {
    throw new DomainError(
      'PAYLOAD_TOO_LARGE',
      'The request body is too large; at most 1 MiB is read',
    )
  },
})

export const limitBody: MiddlewareHandler<AppEnv> = (c, next) =>
  takesFile(c.req) ? next() : limitJson(c, next)

/** What the validators take for JSON too: others they would not look at. */
const isJson = (contentType: string | undefined) =>
  /^application\/([\w.-]+\+)?json$/i.test(contentType?.split(';')[0]?.trim() ?? '')

/** An empty body is `{}`: which fields are missing, the schema says. */
export const readJson: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && !takesFile(c.req)) {
    const text = await c.req.text()
    if (text.trim() === '') {
      // The second, since `{}` is not what was sent, and would need a content type.
      c.req.bodyCache = {
        json: Promise.resolve({}),
        arrayBuffer: new ArrayBuffer(0),
      }
    } else if (!isJson(c.req.header('content-type'))) {
      throw unreadable('Send JSON, with the header Content-Type: application/json.')
    } else {
      requireSound(text)
    }
  }
  await next()
}

/** The validators parse it once more, and then know that they can. */
function requireSound(text: string) {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (error) {
    throw unreadable(`The body is not JSON: ${error instanceof Error ? error.message : error}`)
  }
  const problem = problemOf(body)
  if (problem !== null) throw unreadable(problem)
}

/** What no field may hold, whatever its schema. Text with half a character cannot be stored. */
function problemOf(value: unknown, depth = 0): string | null {
  if (typeof value === 'string') {
    return value.isWellFormed() ? null : 'The body has text that is not valid Unicode.'
  }
  if (typeof value !== 'object' || value === null) return null
  if (depth === deepestBody) return `The body is nested more than ${deepestBody} levels deep.`
  for (const part of Object.values(value)) {
    const problem = problemOf(part, depth + 1)
    if (problem !== null) return problem
  }
  return null
}

const unreadable = (problem: string) => new ValidationError({ non_field_errors: [problem] })
