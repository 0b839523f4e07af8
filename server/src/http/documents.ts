/** The API's description, for machines at /openapi.json and for people at /docs; works offline. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { App } from './answers.ts'

const openApiFile = new URL('../../../openapi.json', import.meta.url)
const swaggerDir = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))

/** What the page loads from the package; nothing comes from anywhere else. */
const assets = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
} as const

const start = `window.addEventListener('load', () => {
  SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true, tryItOutEnabled: true,
    persistAuthorization: true,
    validatorUrl: null, docExpansion: 'list', defaultModelsExpandDepth: 0 })
})`

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Garrison API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main id="api"></main>
<noscript>This page needs JavaScript; the same description is at <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

/** Styles inline and pictures as data: what the page's library makes of itself. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export function documentRoutes(app: App) {
  const document = readFileSync(openApiFile, 'utf8')
  const etag = `"${createHash('sha256').update(document).digest('hex').slice(0, 16)}"`

  app.get('/openapi.json', (c) => {
    c.header('ETag', etag)
    c.header('Cache-Control', 'no-cache')
    // Proxies that compress make it a weak one.
    if (c.req.header('if-none-match')?.includes(etag)) return c.body(null, 304)
    return c.body(document, 200, { 'Content-Type': 'application/json; charset=utf-8' })
  })

  app.get('/docs', (c) => c.html(page, 200, { 'Content-Security-Policy': policy }))
  app.get('/docs/start.js', (c) =>
    c.body(start, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }),
  )
  for (const [name, type] of Object.entries(assets)) {
    app.get(`/docs/${name}`, async (c) =>
      c.body(await readFile(join(swaggerDir, name)), 200, {
        'Content-Type': type,
        'Cache-Control': 'max-age=86400',
      }),
    )
  }
}
