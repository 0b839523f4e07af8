/** Reads a request's body once, before the schemas look at it, and says in their words what is wrong. */
import { idempotencyKeyPattern } from '@garrison/contract/common'
import { everyRoute } from '@garrison/contract/every-route'
import { maximumUploadBytes } from '@garrison/contract/microvms/facts'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { DomainError } from '../../errors.ts'
import type { AppContext, AppEnv } from '../answers.ts'
import { InvalidRequest } from './errors.ts'

/** Code has a MiB, and grows when it is written down as JSON. */
const largestJsonBytes = 4 * 1024 * 1024
/** What is around the file of an upload. */
const formBytes = 64 * 1024
const deepestBody = 64

const limited = (maxSize: number, why = ''): MiddlewareHandler<AppEnv> =>
  bodyLimit({
    maxSize,
    onError: () => {
      const most = `${Math.floor(maxSize / 1024 / 1024)} MiB`
      throw new DomainError(
        'PAYLOAD_TOO_LARGE',
        `The request body is too large; at most ${most} is read${why}`,
      )
    },
  })

const limitJson = limited(largestJsonBytes)
const limitUpload = limited(
  maximumUploadBytes + formBytes,
  ', since an upload is in memory until all of it is there: send less at once, or fetch it from inside a VM',
)

const routesTaking = (isOne: (mediaType: string) => boolean) => {
  const paths = everyRoute
    .filter(({ request }) => Object.keys(request?.body?.content ?? {}).some(isOne))
    .map(({ path }) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`))
  return (path: string) => paths.some((each) => each.test(path))
}
const takesFile = routesTaking((type) => type === 'multipart/form-data')
const takesForm = routesTaking((type) => type !== 'application/json')

export const limitMicrovmBody: MiddlewareHandler<AppEnv> = (c, next) =>
  takesFile(c.req.path) ? limitUpload(c, next) : limitJson(c, next)

const isJson = (type: string | undefined) =>
  /^application\/([\w.-]+\+)?json$/i.test(type?.split(';')[0]?.trim() ?? '')
const isForm = (type: string | undefined) =>
  /^(application\/x-www-form-urlencoded|multipart\/form-data)(;|$)/i.test(type ?? '')

/** May be empty, which is `{}`: which fields are missing, the schema says. */
export const readMicrovmBody: MiddlewareHandler<AppEnv> = async (c, next) => {
  requireSoundKey(c)
  const type = c.req.header('content-type')
  const reads = c.req.method === 'GET' || c.req.method === 'HEAD'
  if (!reads && !(takesForm(c.req.path) && isForm(type))) {
    const text = await c.req.text()
    if (text.trim() === '') {
      c.req.bodyCache = { json: Promise.resolve({}), arrayBuffer: new ArrayBuffer(0) }
    } else if (isJson(type)) requireSound(text)
    else {
      const wanted = takesForm(c.req.path) ? 'a form' : 'JSON'
      const header = wanted === 'JSON' ? ', with the header Content-Type: application/json' : ''
      throw invalid(`Send ${wanted}${header}`, 'model_attributes_type')
    }
  }
  await next()
}

function requireSoundKey(c: AppContext) {
  const key = c.req.header('idempotency-key')
  if (key === undefined || idempotencyKeyPattern.test(key)) return
  const msg = 'Value error, use 1 to 255 visible ASCII characters'
  throw new InvalidRequest([{ loc: ['header', 'idempotency-key'], msg, type: 'value_error' }])
}

function requireSound(text: string) {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (error) {
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')
    const loc = ['body', at === null ? 0 : Number(at[1])]
    throw new InvalidRequest([{ loc, msg: 'JSON decode error', type: 'json_invalid' }])
  }
  if (isTooDeep(body)) {
    throw invalid(`The body is nested more than ${deepestBody} levels deep`, 'value_error')
  }
  if (!isWellFormed(body)) throw invalid('The body has text that is not Unicode', 'value_error')
}

function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === deepestBody || Object.values(value).some((part) => isTooDeep(part, depth + 1))
}

/** Half a character cannot be stored. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, part]) => name.isWellFormed() && isWellFormed(part))
}

const invalid = (msg: string, type: string) => new InvalidRequest([{ loc: ['body'], msg, type }])
