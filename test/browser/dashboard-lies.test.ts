/** The dashboard beside what lies, breaks off and changes under it: it must never say more than it knows. */
import type { Browser, Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { openDashboard, type Dashboard } from '../support/dashboard.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'

let browser: Browser
let opened: Dashboard[] = []

beforeAll(async () => {
  browser = await launchBrowser()
}, 60_000)
afterEach(async () => {
  const complaints = opened.flatMap((dashboard) => dashboard.complaints)
  for (const dashboard of opened) await dashboard.close()
  opened = []
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`)
})
afterAll(() => browser.close())

async function open(spec: { id: string; token?: string }, key = 'on-call') {
  const dashboard = await openDashboard(browser, url, spec)
  opened.push(dashboard)
  await dashboard.card(key).locator('.who').waitFor()
  return dashboard
}

async function furnish() {
  const stash = await newStash({ name: 'drill' })
  const master = operatorOf(send, stash, stash.token)
  await master.set('on-call', 'alice', 'reason=week+48')
  return { stash, master }
}

const SIGN_IN = { status: 200, contentType: 'text/html', body: '<html>Please sign in to the network</html>' }
const signIn = (route: Route) => route.fulfill(SIGN_IN)

describe('an answer of something in between', () => {
  it.each([
    ['a sign-in page', SIGN_IN],
    ['JSON that says nothing', { status: 200, contentType: 'application/json', body: '{}' }],
  ])('to a change is not taken for done: %s', async (_, answer) => {
    const { stash, master } = await furnish()
    const { page, sheet, reach } = await open(stash)
    await page.route('**/api/item/**', (route) => route.fulfill(answer))
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText('Not known yet').waitFor()
    expect(await page.locator('#toast').textContent()).toBe('')
    expect(await stash.read('on-call')).toBe('alice')
    await page.unroute('**/api/item/**')
    await page.getByRole('button', { name: 'Try again now' }).click()
    await page.locator('#toast', { hasText: 'counted once' }).waitFor()
    expect((await master.history('limit=1'))[0]).toMatchObject({ changes: [{ key: 'on-call', after: 'bob' }] })
  })
})
