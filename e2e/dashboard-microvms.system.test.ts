/** MicroVMs in the dashboard, on a real host: begun, typed into, forked, kept and ended. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from './server.ts'
import { Browsers, type Person, startWithDashboard } from './testing/browser.ts'

/** The first one waits until the base is built. */
const slowly = { timeout: 120_000 }

let server: TestServer
let browsers: Browsers
let ada: Person
let first: string

beforeAll(async () => {
  server = await startWithDashboard()
  browsers = await Browsers.open(server.url)
  ada = await browsers.person()
  await ada.go(server.signInUrl)
})
afterAll(async () => {
  await browsers?.close()
  await server?.dispose()
})

const dialog = () => ada.page.getByRole('dialog')
const press = (name: string | RegExp) => ada.page.getByRole('button', { name }).first().click()
const confirm = (name: string) => dialog().getByRole('button', { name, exact: true }).click()
const tab = (name: string) => ada.page.getByRole('link', { name, exact: true }).click()
const status = (word: string) =>
  ada.page.getByRole('main').getByText(word, { exact: true }).first().waitFor(slowly)
const run = async (code: string, language: 'python' | 'bash') => {
  await ada.page.getByLabel('Language').selectOption(language)
  await ada.page.getByLabel('Code', { exact: true }).fill(code)
  await ada.page.keyboard.press('Control+Enter')
}
const results = () => ada.page.getByRole('list', { name: 'Results' })

it('an empty list teaches, and leads to one that runs', async () => {
  const { page } = ada
  await ada.go('/microvms')
  await page.getByText('No microVM yet').waitFor()
  await page.getByText('garrison vm create').first().waitFor()
  await press('Start microVM')
  await dialog().getByLabel('Name', { exact: true }).fill('tests')
  await dialog().getByLabel('Environment').fill('2B=x')
  await dialog().getByText('Line 1 must read NAME=value.').first().waitFor()
  await dialog().getByLabel('Environment').fill('STAGE=test')
  expect(await ada.barriers()).toEqual([])
  await ada.picture('microvm-create')
  await confirm('Start microVM')
  await page.waitForURL(/\/microvms\/vm_\w+$/, slowly)
  first = page.url().split('/').at(-1) ?? ''
  await page.getByRole('heading', { name: 'tests' }).waitFor()
  await status('Running')
  expect(ada.complaints()).toEqual([])
})

it('code runs in it, keeps its state, and fails with its exit code', async () => {
  await tab('Run code')
  await run('answer = 6 * 7', 'python')
  await results().getByText('exit 0').first().waitFor(slowly)
  await run('print(answer)', 'python')
  await results().getByText('42', { exact: true }).waitFor(slowly)
  await run('echo $STAGE >&2; exit 3', 'bash')
  await results().getByText('exit 3', { exact: true }).waitFor(slowly)
  await results().getByText('test', { exact: true }).waitFor()
  await ada.picture('microvm-run')
  expect(ada.complaints()).toEqual([])
})

it('a terminal takes what is typed, and is found again', async () => {
  const { page } = ada
  await tab('Terminal')
  await press('Open terminal')
  const lines = page.locator('.xterm-accessibility')
  await lines.getByText(/#/).first().waitFor(slowly)
  await page.keyboard.type('echo typed-$((6*7))\n')
  await lines
    .getByText(/typed-42/)
    .first()
    .waitFor(slowly)
  await ada.go(`/microvms/${first}/terminal`)
  await lines
    .getByText(/typed-42/)
    .first()
    .waitFor(slowly)
  await ada.picture('microvm-terminal')
  expect(ada.complaints()).toEqual([])
})

it('files go in and come out', async () => {
  const { page } = ada
  await tab('Files')
  const buffer = Buffer.from('a,b\n')
  await page.getByLabel('File').setInputFiles({ name: 'data.csv', mimeType: 'text/csv', buffer })
  await press('Upload')
  await page.getByText('/app/data.csv is there').waitFor(slowly)
  await page.getByLabel('From').fill('data.csv')
  const coming = page.waitForEvent('download')
  await press('Download')
  expect((await coming).suggestedFilename()).toBe('data.csv')
  await page.getByLabel('From').fill('none')
  await press('Download')
  await page.getByRole('alert').first().waitFor()
  expect(ada.complaints(/status of 404/)).toEqual([])
})

it('a fork goes on from the same moment; both end when they are deleted', async () => {
  const { page } = ada
  await press('Fork')
  await confirm('Fork')
  await page.waitForURL(
    (url) => /vm_\w+$/.test(url.pathname) && !url.pathname.includes(first),
    slowly,
  )
  // Until then the page is still the first one's, though the address names the second.
  const second = page.url().split('/').at(-1) ?? ''
  await page.getByRole('main').getByText(second, { exact: true }).first().waitFor(slowly)
  await status('Running')
  await tab('Run code')
  await run('print(answer + 1)', 'python')
  await results().getByText(/^exit/).first().waitFor(slowly)
  expect(await results().textContent()).toContain('exit 0')
  await results().getByText('43', { exact: true }).waitFor()
  await press('Delete')
  await dialog().getByText('cannot be undone').waitFor()
  await confirm('Delete')
  await status('Terminated')

  await ada.go(`/microvms/${first}`)
  await press('Suspend')
  await status('Suspended')
  await press('Resume')
  await status('Running')
  await press('Snapshot')
  await dialog().getByLabel('Name').fill('prepared')
  await confirm('Take snapshot')
  await page.waitForURL(/\/microvms\/snapshots\/snap_\w+$/)
  await status('Ready')
  await ada.picture('microvm-snapshot')
  const { body } = await server.get('/v1/vms')
  expect(body.map(({ vm_id }: { vm_id: string }) => vm_id)).toEqual([first])
  expect(ada.complaints()).toEqual([])
})

it('a build that fails says why, in its list and where it is looked at', async () => {
  const { page } = ada
  await ada.go('/microvms/snapshots?build=true')
  await dialog().getByLabel('Image').fill('127.0.0.1:9/nobody/there:1')
  await confirm('Build snapshot')
  await page.waitForURL(/\/microvms\/snapshots\/snap_\w+$/)
  await status('Failed')
  await page
    .getByText(/127\.0\.0\.1:9/)
    .nth(1)
    .waitFor()
  expect(await ada.barriers()).toEqual([])
  await ada.picture('microvm-build-failed')
  expect(ada.complaints()).toEqual([])
})
