/** The first page of the dashboard, in a browser that was never here, and an empty page in the same browser. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Api } from '../api.ts'
import { startBareHttp } from '../floors/bare-http.ts'
import { summarize } from '../statistics.ts'
import type { Row } from '../table.ts'

const executablePath = '/usr/bin/chromium'
const visits = 10
const figure = 'first page of the dashboard usable'

/** The server has a dashboard, and the account some instances. */
export async function measureDashboard(api: Api): Promise<Row[]> {
  if (!existsSync(executablePath)) {
    return [{ figure, skipped: `There is no ${executablePath}: apt-get install chromium` }]
  }
  const body = '<!doctype html><title>Nothing</title><h1>Overview</h1><main><h2>Account</h2></main>'
  await using bare = await startBareHttp({ headers: { 'content-type': 'text/html' }, body })
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    // Files are read and programs are compiled once, for both.
    for (const url of [bare.url, api.url]) await visit(browser, url, api.key)
    const [ours, floor]: [Visit[], Visit[]] = [[], []]
    for (let round = 0; round < visits; round++) {
      floor.push(await visit(browser, bare.url, api.key))
      ours.push(await visit(browser, api.url, api.key))
    }
    return [
      {
        figure,
        unit: 'ms',
        value: summarize(ours.map(({ ms }) => ms)),
        floor: {
          ...summarize(floor.map(({ ms }) => ms)),
          what: 'an empty page in the same browser',
        },
      },
      {
        figure: '… its JavaScript, compressed',
        unit: 'KB',
        value: summarize(ours.map(({ bytes }) => bytes / 1_000)),
        floor: null,
      },
    ]
  } finally {
    await browser.close()
  }
}

type Visit = { ms: number; bytes: number }

/** By somebody who has nothing of it in the browser yet, until what they came for can be read. */
async function visit(browser: Browser, url: string, key: string): Promise<Visit> {
  const context = await browser.newContext({ extraHTTPHeaders: { 'X-API-Key': key } })
  const page = await context.newPage()
  const scripts: Promise<number>[] = []
  page.on('requestfinished', (request) => {
    if (request.resourceType() !== 'script') return
    scripts.push(request.sizes().then(({ responseBodySize }) => responseBodySize))
  })
  const began = performance.now()
  await page.goto(url, { waitUntil: 'commit' })
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.getByRole('heading', { name: 'Account' }).waitFor()
  const ms = performance.now() - began
  const bytes = (await Promise.all(scripts)).reduce((sum, size) => sum + size, 0)
  await context.close()
  return { ms, bytes }
}
