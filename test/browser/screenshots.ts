/**
 * `npm run screenshots [folder]`: the dashboard as an operator may find it at three in the morning, at 360, 768, 1280 and
 * 1920 px, light and dark: the first screen, the overview, a stash in trouble, a switch's page and a wall board. Not a test: a
 * person looks at them. Without a folder, only the pictures of the guide are taken, into src/docs/pictures.
 */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { bundle, serve } from '../../src/local/serve.ts'
import { launchBrowser } from '../support/browser.ts'
import { sendTo } from '../support/stash.ts'
import { furnishCompany, type Company } from './screenshots-company.ts'

const SIZES = { 360: 780, 768: 1024, 1280: 800, 1920: 1080 } as const
type Width = keyof typeof SIZES
const SCHEMES = ['light', 'dark'] as const

/** @param ready a text of the page that is shown once everything is read */
type View = { name: string; hash: string; withTokens: boolean; ready: string }

function listViews({ production, staging }: Company): View[] {
  const both = `${production.slug},${staging.slug}`
  return [
    { name: 'start', hash: '#/', withTokens: true, ready: 'Create a stash' },
    { name: 'overview', hash: '#/all', withTokens: true, ready: 'Draining the orders queue' },
    { name: 'stash', hash: `#/s/${production.slug}`, withTokens: true, ready: 'Draining the orders queue' },
    {
      name: 'switch',
      hash: `#/s/${production.slug}/f/checkout.maintenance-mode`,
      withTokens: true,
      ready: 'Draining the orders queue',
    },
    { name: 'wall', hash: `#/all?s=${both}&wall=1`, withTokens: false, ready: 'checkout.maintenance-mode' },
  ]
}

/** The pictures that stand in the guide. */
const IN_GUIDE = new Set(['stash-1280-light', 'overview-1280-dark', 'switch-360-light', 'stash-360-dark'])

const folder = process.argv[2]
const target = folder ?? join(import.meta.dirname, '../../src/docs/pictures')
const scratch = await mkdtemp(join(tmpdir(), 'switchyard-screenshots-'))
const { url, stop } = await serve(await bundle(scratch), { host: '127.0.0.1', port: 0, quiet: true })
const browser = await launchBrowser()
try {
  await mkdir(target, { recursive: true })
  const company = await furnishCompany(sendTo(url.origin))
  for (const view of listViews(company))
    for (const width of [360, 768, 1280, 1920] as const)
      for (const scheme of SCHEMES) {
        const name = `${view.name}-${width}-${scheme}`
        if (folder !== undefined || IN_GUIDE.has(name)) await take(browser, company, view, { name, width, scheme })
      }
} finally {
  await browser.close()
  await stop()
  await rm(scratch, { recursive: true })
}

type Look = { name: string; width: Width; scheme: (typeof SCHEMES)[number] }

async function take(browser: Browser, company: Company, view: View, { name, width, scheme }: Look): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: SIZES[width] }, colorScheme: scheme })
  if (view.withTokens) await context.addInitScript(remember(company))
  const page = await context.newPage()
  await page.goto(`${url.origin}/${view.hash}`)
  await page.getByText(view.ready).first().waitFor()
  const path = join(target, `${name}.png`)
  await page.screenshot({ path })
  console.log(`${path}: ${Math.ceil((await stat(path)).size / 1024)} KB`)
  await context.close()
}

/** Written out: it runs in the page, which then knows both stashes and has a token of each. */
function remember({ production, staging }: Company): string {
  const known = [production, staging].map(({ id, slug, name }) => ({ id, slug, name }))
  const tokens = [production, staging].map(
    ({ id, token }) => `sessionStorage.setItem('switchyard:token:${id}', '${token}')`,
  )
  return [`localStorage.setItem('switchyard:stashes', ${JSON.stringify(JSON.stringify(known))})`, ...tokens].join('\n')
}
