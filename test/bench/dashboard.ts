/**
 * How soon a person can act by the dashboard: from an empty cache, on a slow network, to one stash or to twelve on one page; on
 * this machine, with two tabs. How soon a change is seen on another page, and a key press in the search is answered.
 */
import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { openDashboard } from '../support/dashboard.ts'
import { freshStash, type Send, type Stash } from '../support/stash.ts'
import { startDeploymentProxy } from './deployment-proxy.ts'
import { median, quantile, type Row } from './figures.ts'

/** What Chromium's own tools call "Fast 3G". */
const FAST_3G = { offline: false, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8, latency: 150 }
const STARTS = 5
const FLIPS = 20
const STASHES = 12
const FLAGS = 100

export async function benchDashboard(url: string, send: Send): Promise<Row[]> {
  const { origin, stop } = await startDeploymentProxy(url)
  const browser = await launchBrowser()
  try {
    const stashes: Stash[] = []
    for (let i = 0; i < STASHES; i++) stashes.push(await furnish(send, `shop ${i}`, FLAGS))
    const one = await repeat(STARTS, () => openOne(browser, origin, stashes[0]))
    const all = await repeat(STARTS, () => openAll(browser, origin, stashes, FAST_3G))
    const tabs = await repeat(STARTS, () => openInTwoTabs(browser, url, stashes))
    const flips = await flip(browser, url, await furnish(send, 'flips', 20))
    const presses = await search(browser, url, await furnish(send, 'many', 1_000))
    const size = await weigh(url)
    const network = '"Fast 3G": 1.6 Mbps, 150 ms; HTTP/2, gzip'
    return [
      toRow(`one stash, to a switch that can be pressed (${network}), median of ${STARTS}`, median(one), 1_000, 'ms'),
      toRow(
        `${STASHES} stashes × ${FLAGS} flags on one page, to all of them shown (the same network)`,
        median(all),
        1_000,
        'ms',
      ),
      toRow('the same page in two tabs of this machine, HTTP/1.1, the slower tab', median(tabs), 1_000, 'ms'),
      toRow(`a flip shows on another page: median of ${FLIPS}`, median(flips), 300, 'ms'),
      toRow(
        '1,000 flags: a key press in the search, to the next frame: 90th percentile',
        quantile(presses, 0.9),
        50,
        'ms',
      ),
      toRow('page, modules and style sheet, gzipped', size / 1024, 75, 'KB'),
    ]
  } finally {
    await browser.close()
    stop()
  }
}

const toRow = (what: string, value: number, bound: number, unit: string): Row => ({
  what,
  measured: `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`,
  bound: `≤ ${bound.toLocaleString('en')} ${unit}`,
  holds: value <= bound,
})

async function furnish(send: Send, name: string, count: number): Promise<Stash> {
  const stash = await freshStash(send, { name })
  const keys = Array.from({ length: count - 1 }, (_, i) => `service-${Math.floor(i / 10)}.flag-${i}`)
  const items = [...keys.map((key, i) => ({ key, value: `value ${i}` })), { key: 'lamp', value: '0' }]
  await send(`/stash/${stash.id}/import`, stash.as({ method: 'POST', body: JSON.stringify({ items }) }))
  return stash
}

/** A browser that knows these stashes and has their tokens, as after a reload: nobody types in the time that is measured. */
async function openBrowser(browser: Browser, stashes: readonly (Stash | undefined)[]): Promise<BrowserContext> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } })
  const known = stashes.flatMap((stash) => (stash === undefined ? [] : [stash]))
  const list = JSON.stringify(known.map(({ id }) => ({ id, slug: null, name: null })))
  const tokens = known.map(({ id, token }) => `localStorage.setItem('switchyard:token:${id}', '${token}')`)
  await context.addInitScript([`localStorage.setItem('switchyard:stashes', '${list}')`, ...tokens].join('\n'))
  return context
}

async function slowDown(context: BrowserContext, page: Page, network: typeof FAST_3G): Promise<void> {
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', network)
}

/** In ms, by the page's own clock, until this expression is true in the page. */
const until = (page: Page, condition: string): Promise<number> =>
  page.evaluate(`new Promise((resolve) => {
    const look = () => (${condition}) ? resolve(performance.now()) : setTimeout(look, 5)
    look()
  })`)

const CAN_PRESS = `document.querySelector('.row :is(.change, .lever)')`
/** Each panel shows what the stash holds: its services, each of which leads to its switches. */
const ALL_READ = `[...document.querySelectorAll('.panel')].filter((panel) => panel.querySelector('.service')).length === ${STASHES}`

async function openOne(browser: Browser, origin: string, stash: Stash | undefined): Promise<number> {
  const context = await openBrowser(browser, [stash])
  const page = await context.newPage()
  await slowDown(context, page, FAST_3G)
  await page.goto(`${origin}/#/s/${stash?.id}`, { waitUntil: 'commit' })
  const ms = await until(page, CAN_PRESS)
  await context.close()
  return ms
}

async function openAll(browser: Browser, origin: string, stashes: Stash[], network: typeof FAST_3G): Promise<number> {
  const context = await openBrowser(browser, stashes)
  const page = await context.newPage()
  await slowDown(context, page, network)
  await page.goto(`${origin}/#/all`, { waitUntil: 'commit' })
  const ms = await until(page, ALL_READ)
  await context.close()
  return ms
}

async function openInTwoTabs(browser: Browser, url: string, stashes: Stash[]): Promise<number> {
  const context = await openBrowser(browser, stashes)
  const tabs = [await context.newPage(), await context.newPage()]
  const times = await Promise.all(
    tabs.map(async (page) => {
      await page.goto(`${url}/#/all`, { waitUntil: 'commit' })
      return until(page, ALL_READ)
    }),
  )
  await context.close()
  return Math.max(...times)
}

async function flip(browser: Browser, origin: string, stash: Stash): Promise<number[]> {
  const [mine, theirs] = [
    await openDashboard(browser, origin, stash),
    await openDashboard(browser, origin, { id: stash.id }),
  ]
  const samples: number[] = []
  for (let i = 1; i <= FLIPS; i++) {
    await mine.reach('lamp')
    await mine.page.getByLabel('New value').fill(String(i))
    await theirs.page.evaluate(`void (globalThis.seen = new Promise((resolve) => {
      const look = () => document.querySelector('[data-key="lamp"] .now').textContent === '${i}'
      const observer = new MutationObserver(() => look() && (observer.disconnect(), resolve(Date.now())))
      observer.observe(document.querySelector('#main'), { subtree: true, childList: true, characterData: true })
    }))`)
    // Both clocks are this machine's.
    const pressed = await mine.page.evaluate(`(document.querySelector('dialog [type=submit]').click(), Date.now())`)
    samples.push(Number(await theirs.page.evaluate('globalThis.seen')) - Number(pressed))
    await mine.sheet.waitFor({ state: 'detached' })
  }
  await mine.close()
  await theirs.close()
  return samples
}

/** Types a search letter by letter, and deletes it again. In ms from each input event to the next frame. */
async function search(browser: Browser, url: string, stash: Stash): Promise<number[]> {
  const { page, close } = await openDashboard(browser, url, stash, { viewport: { width: 1280, height: 800 } })
  await page.locator('#filter').waitFor()
  const samples: number[] = await page.evaluate(`(async () => {
    const input = document.querySelector('#filter')
    const text = 'flag-77 value'
    const steps = [...text].map((_, i) => text.slice(0, i + 1))
    const samples = []
    for (const step of [...steps, ...steps.toReversed(), '']) {
      const start = performance.now()
      input.value = step
      input.dispatchEvent(new Event('input', { bubbles: true }))
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
      samples.push(performance.now() - start)
    }
    return samples
  })()`)
  await close()
  return samples
}

/** In bytes: the page, and every file that it or one of its modules names. */
async function weigh(url: string): Promise<number> {
  const texts = new Map<string, string>()
  const read = async (path: string): Promise<void> => {
    if (texts.has(path)) return
    texts.set(path, '')
    const text = await (await fetch(new URL(path, url))).text()
    texts.set(path, text)
    for (const [, name = ''] of text.matchAll(/["'](?:\.|\/dashboard)\/([a-z]+-[A-Z0-9]{8}\.(?:js|css))["']/g))
      await read(`/dashboard/${name}`)
  }
  await read('/')
  return [...texts.values()].reduce((sum, text) => sum + gzipSync(text).byteLength, 0)
}

async function repeat(times: number, measure: () => Promise<number>): Promise<number[]> {
  const samples: number[] = []
  for (let i = 0; i < times; i++) samples.push(await measure())
  return samples
}
