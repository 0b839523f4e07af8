/** People with browsers before a real server: what they see, what is wrong with it, and a picture of it. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { ensureDashboard } from '../../cli/dashboard/ensure-dashboard.ts'
import { fakeTerminal } from '../../cli/fake-terminal.testing.ts'
import { TestServer } from '../server.ts'

/** Where pictures of pages go; CI keeps them. */
export const screenshots =
  process.env.GARRISON_SCREENSHOTS ?? new URL('../../screenshots', import.meta.url).pathname

const accessible = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
/** Emulated guests of other tests share the processors. */
const patienceMs = 45_000
/** Other tests make networks on this host, upon which Chromium gives up what it is loading. */
const disturbance = /ERR_NETWORK_CHANGED/
/** After one, what has not come by then does not come. */
const graceMs = 15_000
const heights = { phone: 844, desktop: 900 }

export type Theme = 'light' | 'dark'
/** What a browser keeps of somebody who has signed in. */
export type Session = Awaited<ReturnType<BrowserContext['storageState']>>

/** A server that shows the dashboard as it is now. `more`: further arguments, such as `--demo`. */
export async function startWithDashboard(config: object = {}, more: readonly string[] = []) {
  const folder = await ensureDashboard(fakeTerminal().terminal)
  return TestServer.start(config, ['--dashboard', folder, ...more])
}

/** One Chromium for all who look at a server. */
export class Browsers {
  readonly #browser: Browser
  readonly #url: string

  private constructor(browser: Browser, url: string) {
    this.#browser = browser
    this.#url = url
  }

  static async open(url: string): Promise<Browsers> {
    mkdirSync(screenshots, { recursive: true })
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      // It refuses to run as root with one.
      args: ['--no-sandbox'],
    })
    return new Browsers(browser, url)
  }

  /** Somebody with a browser of their own. `session`: they have signed in already. */
  async person({
    width = 1440,
    theme = 'light',
    session,
  }: {
    width?: number
    theme?: Theme
    session?: Session
  } = {}): Promise<Person> {
    const context = await this.#browser.newContext({
      baseURL: this.#url,
      viewport: { width, height: heightOf(width) },
      colorScheme: theme,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      ...(session && { storageState: session }),
    })
    context.setDefaultTimeout(patienceMs)
    return new Person(context, await context.newPage())
  }

  close = () => this.#browser.close()
}

export class Person {
  readonly page: Page
  readonly #context: BrowserContext
  readonly #problems: string[] = []
  #disturbed = false
  #givenUp = Promise.withResolvers<never>()

  constructor(context: BrowserContext, page: Page) {
    this.#context = context
    this.page = page
    page.on('console', (message) => {
      if (message.type() !== 'error') return
      if (disturbance.test(message.text())) {
        this.#disturbed = true
        const { reject } = this.#givenUp
        setTimeout(() => reject(new Error(message.text())), graceMs)
        return
      }
      this.#problems.push(`${message.text()} (${message.location().url})`)
    })
    page.on('pageerror', (error) => this.#problems.push(error.stack ?? error.message))
  }

  /** What the console has complained of since the last call; `expected` is no complaint. */
  complaints(expected?: RegExp): string[] {
    const all = this.#problems.splice(0)
    return expected === undefined ? all : all.filter((words) => !expected.test(words))
  }

  /** By address, as a link of somebody else's. */
  async go(path: string) {
    let isThere = false
    for (let attempt = 1; ; attempt++) {
      this.#disturbed = false
      this.#givenUp = Promise.withResolvers()
      try {
        // Some links lead somewhere once only.
        if (isThere) await this.page.reload({ waitUntil: 'domcontentloaded' })
        else await this.page.goto(path, { waitUntil: 'domcontentloaded' })
        isThere = true
        await Promise.race([this.settled(), this.#givenUp.promise])
        if (!(await this.#isStyled())) throw new Error(`${path} came without its styles`)
        return
      } catch (error) {
        if (attempt === 3 || !(this.#disturbed || disturbance.test(String(error)))) throw error
      }
    }
  }

  /** What was given up while it loaded leaves no other trace. */
  #isStyled = () =>
    this.page
      .locator('link[rel=stylesheet]')
      .evaluateAll((links) => links.every((link) => 'sheet' in link && link.sheet !== null))

  /** Until there is a heading, and nothing on the page says that it is still on its way. */
  async settled() {
    await this.page.locator('h1').first().waitFor()
    await this.page
      .getByRole('status')
      .filter({ hasText: /^(Loading|Connecting)/ })
      .first()
      .waitFor({ state: 'hidden' })
    await this.page.evaluate('document.fonts.ready.then(() => null)')
    if ((await this.page.evaluate('document.styleSheets.length')) === 0)
      throw new Error('The page came without its style sheet')
  }

  async become({ width, theme }: { width: number; theme: Theme }) {
    await this.page.setViewportSize({ width, height: heightOf(width) })
    await this.page.emulateMedia({ colorScheme: theme })
  }

  /** Pixels by which the page is wider than the window. */
  overhang = () =>
    this.page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )

  /** What keeps somebody from using the page, by WCAG 2.2 AA: the rule, and what breaks it. */
  async barriers(only?: 'colours'): Promise<string[]> {
    const axe = new AxeBuilder({ page: this.page }).options({ resultTypes: ['violations'] })
    if (only === 'colours') axe.withRules('color-contrast')
    else axe.withTags(accessible)
    // There are no frames of other origins, for which it would open a page of its own each time.
    axe.setLegacyMode()
    const { violations } = await axe.analyze()
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    )
  }

  /** Keeps a picture of what is seen. */
  picture = (name: string) =>
    this.page.screenshot({
      path: join(screenshots, `${name}.jpeg`),
      quality: 80,
      animations: 'disabled',
    })

  /** As in a tunnel. */
  offline = (is: boolean) => this.#context.setOffline(is)
  /** As if it had ended meanwhile. */
  forgetSession = () => this.#context.clearCookies()
  session = () => this.#context.storageState()
  close = () => this.#context.close()
}

const heightOf = (width: number) => (width < 600 ? heights.phone : heights.desktop)
