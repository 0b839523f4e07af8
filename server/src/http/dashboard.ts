/**
 * The dashboard, out of the folder that it was built into. Its files carry their hash in their names, so
 * they are kept for ever; the page itself is asked for again each time. Every path that is nobody else's
 * is the page: what stands there is the browser's business.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import { isMicrovmPath } from '@garrison/contract/microvms/api'
import type { App, AppContext } from './answers.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
}
const compressible = new Set(['.html', '.js', '.css', '.svg', '.json'])

/** The window in which people pay is the payment provider's, with a script and a frame of its own. */
export const checkoutOrigins = {
  razorpay: ['https://checkout.razorpay.com', 'https://api.razorpay.com'],
} as const

/** Terminals make their styles themselves; scripts come from files of ours only, or the checkout's. */
const policyWith = (checkout: string) =>
  [
    "default-src 'none'",
    `script-src 'self'${checkout}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self'${checkout}`,
    `frame-src${checkout === '' ? " 'none'" : checkout}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Belongs to the API, whether there is something or not. */
const notPages = /^\/(api|docs|assets|openapi\.json|healthz|readyz|metrics)(\/|$)/

export function dashboardRoutes(
  app: App,
  folder: string,
  /** Origins of the payment provider, if there is one. */
  checkout: readonly string[],
) {
  const policy = policyWith(checkout.map((origin) => ` ${origin}`).join(''))
  const files = new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length), createFile(path)]),
  )
  const index = files.get('/index.html')
  if (index === undefined) throw new Error(`${folder} has no index.html; build the dashboard again`)

  const page = (c: AppContext) => {
    c.header('Content-Security-Policy', policy)
    c.header('Referrer-Policy', 'same-origin')
    return index.answer(c, 'no-cache')
  }
  app.get('/assets/:name', async (c, next) => {
    const file = files.get(c.req.path)
    if (file === undefined) return next()
    return file.answer(c, 'public, max-age=31536000, immutable')
  })
  app.get('/', page)
  app.get('/*', async (c, next) => {
    if (notPages.test(c.req.path) || isMicrovmPath(c.req.path)) return next()
    return page(c)
  })
}

function createFile(path: string) {
  const body = readFileSync(path)
  const extension = extname(path)
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`
  let compressed: Promise<Buffer> | null = null

  return {
    async answer(c: AppContext, cacheControl: string) {
      c.header('ETag', etag)
      c.header('Cache-Control', cacheControl)
      if (c.req.header('if-none-match')?.includes(etag)) return c.body(null, 304)
      c.header('Content-Type', types[extension] ?? 'application/octet-stream')
      if (!compressible.has(extension)) return c.body(body)
      c.header('Vary', 'Accept-Encoding')
      if (!/\bbr\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(body)
      compressed ??= promisify(brotliCompress)(body, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 9 },
      })
      c.header('Content-Encoding', 'br')
      return c.body(new Uint8Array(await compressed))
    },
  }
}
