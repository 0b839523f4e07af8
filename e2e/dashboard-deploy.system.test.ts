/** The dashboard before a real machine: deployed, typed into, and its snapshots from the first to the last. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from './server.ts'
import { Browsers, type Person, startWithDashboard } from './testing/browser.ts'

/** What a guest and a host in a hurry take together. */
const slowly = { timeout: 90_000 }

let server: TestServer
let browsers: Browsers
let ada: Person
let web: string

beforeAll(async () => {
  server = await startWithDashboard()
  browsers = await Browsers.open(server.url)
  const key = await server.post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  expect(key.status).toBe(200)
  ada = await browsers.person()
  await ada.go(server.signInUrl)
})
afterAll(async () => {
  await browsers?.close()
  await server?.dispose()
})

const dialog = () => ada.page.getByRole('dialog')
const press = (name: string | RegExp) => ada.page.getByRole('button', { name }).first().click()
const confirm = (name: string) => dialog().getByRole('button', { name, exact: true })
const card = (name: string) =>
  ada.page.getByRole('list', { name: 'Snapshots' }).getByRole('listitem').filter({ hasText: name })
/** A number over the cards. */
const figure = (name: string) =>
  ada.page.locator('dl > div').filter({ hasText: name }).locator('dd').first()
const says = (name: string, value: string) =>
  expect.poll(() => figure(name).textContent(), slowly).toBe(value)

it('the wizard leads to a machine that answers to SSH', async () => {
  const { page } = ada
  await ada.go('/instances/new')
  await page.getByRole('radio', { name: /cpu-small/ }).check()
  await page.getByRole('radio', { name: /LOCAL-1/ }).check()
  await page.getByLabel('OS image').last().selectOption('garrison-small')
  // The only key is chosen already.
  expect(await page.getByRole('checkbox', { name: /laptop/ }).isChecked()).toBe(true)
  await page.getByLabel('Name of the instance').fill('web 1')
  await page.getByLabel('Name of the instance').fill('web-1')
  await page.getByText('5/50').waitFor()
  await press('Deploy instance')
  await page.waitForURL(/\/instances\/BRK-\d+D$/)
  web = page.url().split('/').at(-1) ?? ''
  await page.getByRole('heading', { name: 'web-1' }).waitFor()
  // It tells of its own accord.
  await page.getByRole('main').getByText('Active', { exact: true }).first().waitFor(slowly)
  const machine = await server.readyInstance(web)
  await page.getByText(machine.ssh_command).first().waitFor(slowly)
  await expect.poll(() => page.title()).toBe('● web-1 · Garrison')
  expect(await server.ssh(machine, 'hostname')).toBe('web-1')
  await ada.picture('deployed')
  expect(ada.complaints()).toEqual([])
})

it('its serial console takes what is typed', async () => {
  const { page } = ada
  await page.getByRole('link', { name: 'Console' }).click()
  const lines = page.locator('.xterm-accessibility')
  await page.getByText('Type into it').waitFor(slowly)
  await page.keyboard.press('Enter')
  await lines.getByText(/:~#/).first().waitFor(slowly)
  await page.keyboard.type('echo typed-$((6*7))\n')
  await lines
    .getByText(/typed-42/)
    .first()
    .waitFor(slowly)
  await ada.picture('console')
  await server.ssh(
    (await server.get(`/api/instances/${web}/`)).body.instance,
    'echo first > /root/first; sync',
  )
  expect(ada.complaints()).toEqual([])
})

it('a snapshot is created of a machine that runs, and everything is said of it', async () => {
  const { page } = ada
  await ada.go('/snapshots')
  await says('Available VMs', '1')
  await press('Create snapshot')
  const machines = dialog().getByLabel('Instance')
  await machines
    .locator('option:checked')
    .filter({ hasText: /^web-1 - .+ \(LOCAL-1\)$/ })
    .waitFor({ state: 'attached' })
  await dialog().getByLabel('Name').fill('before:upgrade')
  await dialog().getByText('Use letters').first().waitFor()
  await dialog().getByLabel('Name').fill('before')
  await dialog().getByText('6/50').first().waitFor()
  await dialog().getByText('Advanced options').first().click()
  await dialog().getByLabel('Description').fill('As it was in the beginning')
  await ada.picture('snapshot-create')
  await confirm('Create snapshot').click()
  await dialog().waitFor({ state: 'hidden' })
  await card('before').waitFor()
  await says('Total snapshots', '1')
  await says('Restorable', '1')

  await press('Details of before')
  const said = (await dialog().textContent()) ?? ''
  for (const words of [
    'web-1',
    ' GB',
    'LOCAL-1',
    'Image',
    'No',
    'vCPUs',
    'As it was in the beginning',
  ]) {
    expect(said).toContain(words)
  }
  expect(await ada.barriers()).toEqual([])
  await ada.picture('snapshot-details')
  await page.keyboard.press('Escape')
  expect(ada.complaints()).toEqual([])
})

it('there are six to a page, and the pages follow what is made and deleted', async () => {
  for (const at of [2, 3, 4, 5, 6, 7]) {
    const made = await server.post('/api/snapshots/', { instance_id: web, name: `number-${at}` })
    expect(made.status, JSON.stringify(made.body)).toBe(200)
    const path = `/api/snapshots/${made.body.snapshot.id}/`
    await server.until(path, ({ body }) => body.snapshot.status === 'SUCCESS')
  }
  await says('Total snapshots', '7')
  await press('Page 2')
  await card('before').waitFor()
  expect(await card('').count()).toBe(1)
  await ada.picture('snapshots-second-page')
})

it('a deletion names what is lost, and what goes wrong with it is said where it was asked for', async () => {
  const { page } = ada
  await press('Page 1')
  await press('Delete number-7')
  await dialog().getByText('number-7', { exact: true }).first().waitFor()
  await dialog().getByText('cannot be undone').first().waitFor()
  expect(await ada.barriers()).toEqual([])
  await ada.picture('snapshot-delete')
  await confirm('Cancel').click()
  await dialog().waitFor({ state: 'hidden' })

  const held = Promise.withResolvers<void>()
  const refusal = { success: false, message: 'The shelf is stuck', error_code: 'INTERNAL_ERROR' }
  await page.route('**/api/snapshots/BRK-*/', async (route) => {
    if (route.request().method() !== 'DELETE') return route.continue()
    await held.promise
    return route.fulfill({ status: 409, json: refusal })
  })
  await press('Delete number-7')
  await confirm('Delete').click()
  const working = dialog().getByRole('button', { name: 'Deleting…' })
  await working.waitFor()
  expect(await working.getAttribute('aria-disabled')).toBe('true')
  held.resolve()
  await dialog().getByText('The shelf is stuck').first().waitFor()
  await page.unroute('**/api/snapshots/BRK-*/')
  await confirm('Delete').click()
  await dialog().waitFor({ state: 'hidden' })
  await card('number-7').waitFor({ state: 'detached' })
  await says('Total snapshots', '6')
  await page.getByRole('navigation', { name: 'Pages' }).waitFor({ state: 'hidden' })
  expect(ada.complaints(/status of 409/)).toEqual([])
})

it('restored, it is another machine with what was on the disk; as an image it outlives itself', async () => {
  const { page } = ada
  await press('Restore before')
  expect(await dialog().getByLabel('Name of the new instance').inputValue()).toBe('before-restored')
  await dialog().getByLabel('Name of the new instance').fill('web-1')
  await dialog().getByText('You already have').first().waitFor()
  await dialog().getByLabel('Name of the new instance').fill('web-2')
  await confirm('Restore snapshot').click()
  await dialog().waitFor({ state: 'hidden', ...slowly })
  await says('Available VMs', '2')
  const { body } = await server.get('/api/instances/?search=web-2')
  const restored = await server.readyInstance(body.instances[0].instance_id)
  expect(await server.ssh(restored, 'cat /root/first')).toBe('first')

  await press('More for before')
  await page.getByRole('menuitem', { name: 'Create image' }).click()
  await dialog().getByLabel('Name').fill('web-base')
  await confirm('Create image').click()
  await dialog().getByRole('link', { name: 'Deploy an instance' }).waitFor(slowly)
  await confirm('Close').click()
  await dialog().waitFor({ state: 'hidden' })
  await ada.go('/images')
  await page.getByText('web-base').first().waitFor()
  const made = ({ body }: { body: { images: { status: string }[] } }) =>
    body.images[0]?.status === 'available'
  await server.until('/api/custom-images/', made)
  await page.getByText('Available', { exact: true }).first().waitFor(slowly)
  await ada.picture('image-made')
  expect(ada.complaints()).toEqual([])
})
