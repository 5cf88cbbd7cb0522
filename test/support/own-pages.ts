/**
 * Opens pages of the dashboard by their address, in a browser of the test file's own, and as a browser that knows stashes and has
 * tokens. A test fails if one of its pages had an error.
 */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { launchBrowser } from './browser.ts'
import { listen } from './dashboard.ts'
import { url } from './service.ts'

type Opening = {
  /** The stashes that the browser knows. */
  known?: { id: string; name: string }[]
  /** By the stash's id. */
  tokens?: Record<string, string | undefined>
  options?: BrowserContextOptions
}

type OwnPages = {
  /** @param address behind the origin: `/#/s/<id>` */
  openAt(address: string, opening?: Opening): Promise<Page>
  /** Opens a page of one stash, and resolves when it is live. @param place behind the stash in the address: `/pending` */
  openStash(spec: { id: string; token?: string }, place?: string, options?: BrowserContextOptions): Promise<Page>
  browser(): Browser
}

export function ownPages(): OwnPages {
  let browser: Browser
  let opened: { page: Page; complaints: string[] }[] = []
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterEach(async () => {
    // The browser itself logs a WebSocket that the service refuses.
    const complaints = opened
      .flatMap((one) => one.complaints)
      .filter((text) => !text.startsWith('WebSocket connection'))
    for (const { page } of opened) await page.context().close()
    opened = []
    if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`)
  })
  afterAll(() => browser.close())
  const openAt: OwnPages['openAt'] = async (address, { known, tokens = {}, options = {} } = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    const page = await context.newPage()
    opened.push({ page, complaints: listen(page) })
    await page.addInitScript(keep(known, tokens))
    await page.goto(url + address)
    return page
  }
  const openStash: OwnPages['openStash'] = async ({ id, token }, place = '', options = {}) => {
    const page = await openAt(`/#/s/${id}${place}`, { tokens: { [id]: token }, options })
    await page.getByText('Live', { exact: true }).waitFor()
    return page
  }
  return { openAt, openStash, browser: () => browser }
}

/** A script that fills the storage, once: a reload must not bring back what the page has forgotten. */
function keep(known: Opening['known'], tokens: NonNullable<Opening['tokens']>): string {
  const list = known?.map(({ id, name }) => ({ id, slug: null, name }))
  const stashes = list && `localStorage.setItem('switchyard:stashes', ${JSON.stringify(JSON.stringify(list))})`
  const kept = Object.entries(tokens).flatMap(([id, token]) =>
    token === undefined ? [] : [`sessionStorage.setItem('switchyard:token:${id}', '${token}')`],
  )
  return `if (window.name !== 'opened') { window.name = 'opened'; ${[stashes, ...kept].filter(Boolean).join('; ')} }`
}
