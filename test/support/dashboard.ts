/** Opens the dashboard of one stash in a browser, with a token that the tab has kept, and collects the errors of the page. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

export type Dashboard = {
  page: Page
  /**
   * Errors of the page: uncaught exceptions and the console's errors, including violations of the Content-Security-Policy.
   * Failed requests are left out.
   */
  complaints: string[]
  /** The row of a switch in the list. */
  row(key: string): ReturnType<Page['locator']>
  /** Presses the lever or the button of a switch. */
  reach(key: string): Promise<void>
  sheet: ReturnType<Page['locator']>
  close(): Promise<void>
}

/** For one step: what takes longer fails with the name of what was waited for, before the whole test does. */
const PATIENCE_MS = Number(process.env['TEST_PATIENCE_MS'] ?? 120_000) / 4

/** @param origin scheme and host of the service */
export async function openDashboard(
  browser: Browser,
  origin: string,
  { id, token }: { id: string; token?: string },
  options: BrowserContextOptions = {},
): Promise<Dashboard> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const complaints = listen(page)
  if (token !== undefined) await page.addInitScript(keepToken(id, token))
  await page.goto(`${origin}/#/s/${id}`)
  await page.getByText('Live', { exact: true }).waitFor()
  const row = (key: string) => page.locator(`.row[data-key="${key}"]`)
  return {
    page,
    complaints,
    row,
    reach: (key) => row(key).locator('.lever:visible, .change:visible').click(),
    sheet: page.locator('dialog.sheet'),
    close: () => context.close(),
  }
}

/** A script that gives the tab a token, once: a token that the page has forgotten does not come back by a reload. */
const keepToken = (id: string, token: string): string =>
  `if (window.name !== 'opened') { window.name = 'opened'; sessionStorage.setItem('switchyard:token:${id}', '${token}') }`

/** The requests that change a flag, for `page.route`: not those that ask what a change would do. */
export const CHANGES = /\/api\/item\/[^?]*(?:\?(?!.*dry_run=1).*)?$/

/** Goes to one of the views of the stash. */
export const toView = (page: Page, name: 'Switches' | 'Pending' | 'History' | 'Access'): Promise<void> =>
  page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name }).click()

export function listen(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (message) => {
    // The browser logs each failed request as an error, but a refusal of the service is no error of the page.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return
    complaints.push(message.text())
  })
  return complaints
}
