/**
 * `npm run screenshots [folder]`: the dashboard at 360 and 1280 px, light and dark, on a stash as an operator may find it at
 * three in the morning. Not a test: a person looks at them.
 */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { bundle, serve } from '../../src/local/serve.ts'
import { launchBrowser } from '../support/browser.ts'
import { openDashboard } from '../support/dashboard.ts'
import { operatorOf, type Operator } from '../support/operator.ts'
import { freshStash, sendTo, type Send, type Stash } from '../support/stash.ts'

const target = process.argv[2] ?? join(import.meta.dirname, 'screenshots')
const folder = await mkdtemp(join(tmpdir(), 'switchyard-screenshots-'))
const { url, stop } = await serve(await bundle(folder), { host: '127.0.0.1', port: 0, quiet: true })
const browser = await launchBrowser()
try {
  await mkdir(target, { recursive: true })
  const stash = await furnish(sendTo(url.origin))
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [360, 780],
      [1280, 720],
    ] as const) {
      await take(browser, stash, join(target, `${width}-${colorScheme}.png`), { width, height, colorScheme })
    }
  }
} finally {
  await browser.close()
  await stop()
  await rm(folder, { recursive: true })
}

type Look = { width: number; height: number; colorScheme: 'light' | 'dark' }

async function take(browser: Browser, stash: Stash, path: string, { width, height, colorScheme }: Look): Promise<void> {
  const { page, close } = await openDashboard(browser, url.origin, stash, { viewport: { width, height }, colorScheme })
  await page.locator('.card .who').first().waitFor()
  await page.locator('.card .until:visible').waitFor()
  await page.screenshot({ path })
  console.log(`${path}: ${Math.ceil((await stat(path)).size / 1024)} KB`)
  await close()
}

/** A payment provider is in trouble: a stash with one switch away from its safe value, one change for approval, and a night's history. */
async function furnish(send: Send): Promise<Stash> {
  const stash = await freshStash(send, { name: 'checkout · production' })
  const master = operatorOf(send, stash, stash.token)
  await master.call('PATCH', '/flags', {
    'maintenance-mode': 'false',
    'on-call': 'bob@shop.example',
    'traffic-target': 'fra-2',
    'payments-provider': 'adyen',
    'new-checkout': '10',
    'rate-limit-per-minute': '1200',
    'read-only': 'false',
    'status-banner': 'All systems normal',
  })
  const guards: Record<string, object> = {
    'maintenance-mode': { type: 'boolean', safe_value: 'false', max_for: '2h', reason_required: true },
    'read-only': { type: 'boolean', safe_value: 'false' },
    'on-call': { type: 'email' },
    'traffic-target': { type: 'choice', choices: ['fra-1', 'fra-2', 'ams-1'], approvals: 1 },
    'payments-provider': { type: 'choice', choices: ['adyen', 'stripe'] },
    'new-checkout': { type: 'percentage' },
    'rate-limit-per-minute': { type: 'number', min: 0, max: 5000, integer: true },
  }
  for (const [key, guard] of Object.entries(guards)) await master.call('PUT', `/guards/${key}`, guard)
  const named = (label: string): Promise<Operator> => master.grant({ label, can: ['write', 'approve'] })
  const [dana, bob, pipeline] = [await named('Dana'), await named('Bob'), await named('deploy pipeline')]
  await bob.set('on-call', 'dana@shop.example', 'reason=Swapped+until+Thursday')
  await pipeline.set('new-checkout', '25', 'reason=Deploy+412')
  await dana.set('payments-provider', 'stripe', 'reason=Adyen+times+out+since+02:51')
  await dana.set('rate-limit-per-minute', '800')
  await dana.set('maintenance-mode', 'true', 'for=45m&reason=Draining+the+orders+queue')
  await bob.set('traffic-target', 'ams-1', 'reason=fra-2+drops+one+request+in+five')
  await dana.set('status-banner', 'Payments are slow. We are on it.', 'reason=Incident+1187')
  return stash
}
