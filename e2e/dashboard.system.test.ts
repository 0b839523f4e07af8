/** The dashboard in a real browser, before a real server with the regions of the demonstration. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from './server.ts'
import { Browsers, startWithDashboard } from './testing/browser.ts'

let server: TestServer
let browsers: Browsers

beforeAll(async () => {
  server = await startWithDashboard({}, ['--demo'])
  browsers = await Browsers.open(server.url)
})
afterAll(async () => {
  await browsers?.close()
  await server?.dispose()
})

it('the link of the host signs in once, asks for what is missing, and stays out of the address', async () => {
  const ada = await browsers.person()
  await ada.go(server.signInUrl)
  expect(new URL(ada.page.url()).pathname).toBe('/setup')
  expect(ada.page.url()).not.toContain('token')
  const stranger = await browsers.person()
  await stranger.go(server.signInUrl)
  expect(await stranger.page.locator('body').textContent()).toContain('was used')
  expect(ada.complaints()).toEqual([])
})
