/** Opens the dashboard in a browser, connects it as a person does, and collects the errors of the page. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

export type Dashboard = {
  page: Page
  /**
   * Errors of the page: uncaught exceptions and the console's errors, including violations of the Content-Security-Policy.
   * Failed requests are left out.
   */
  complaints: string[]
  card(key: string): ReturnType<Page['locator']>
  /** Presses the lever or the button of a switch. */
  reach(key: string): Promise<void>
  sheet: ReturnType<Page['locator']>
  close(): Promise<void>
}

/** @param origin scheme and host of the service */
export async function openDashboard(
  browser: Browser,
  origin: string,
  { id, token }: { id: string; token?: string },
  options: BrowserContextOptions = {},
): Promise<Dashboard> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options })
  const page = await context.newPage()
  const complaints = listen(page)
  await page.goto(`${origin}/`)
  await page.getByLabel('Stash').fill(id)
  if (token !== undefined) await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByText('Live', { exact: true }).waitFor()
  const card = (key: string) => page.locator(`.card[data-key="${key}"]`)
  return {
    page,
    complaints,
    card,
    reach: (key) => card(key).locator('.lever:visible, .change:visible').click(),
    sheet: page.locator('dialog.sheet'),
    close: () => context.close(),
  }
}

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
