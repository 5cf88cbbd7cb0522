/** The list of switches: what stands first, what is found, where the keyboard leads, and what it costs when there are many. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { toView, type Dashboard } from '../support/dashboard.ts'
import { operatorOf, type Operator } from '../support/operator.ts'
import { ownDashboards } from '../support/own-dashboards.ts'
import { newStash, send, url } from '../support/service.ts'
import type { Stash } from '../support/stash.ts'

const { open } = ownDashboards()

const SERVICES = ['auth', 'checkout', 'search', 'mail']

/** Four services: checkout is in maintenance for half an hour, the on-call of mail was changed by Dana. */
async function furnish(spec: object = {}): Promise<{ stash: Stash; master: Operator }> {
  const stash = await newStash({ name: 'shop', ...spec })
  const master = operatorOf(send, stash, stash.token)
  const flags = SERVICES.flatMap((service) => [
    [`${service}.maintenance`, 'false'],
    [`${service}.on-call`, 'alice@shop.example'],
  ])
  await master.call('PATCH', '/flags', { ...Object.fromEntries(flags), share: '10' })
  for (const service of SERVICES) {
    await master.call('PUT', `/guards/${service}.maintenance`, { type: 'boolean', safe_value: 'false' })
  }
  await master.call('PUT', '/guards/share', { type: 'percentage' })
  const dana = await master.grant({ label: 'Dana', can: ['write'] })
  await dana.set('mail.on-call', 'dana@shop.example', 'reason=week+48')
  await dana.set('checkout.maintenance', 'true', 'for=30m&reason=orders+queue')
  await master.set('search.maintenance', 'true')
  return { stash, master }
}

const keys = (page: Page): Promise<(string | null)[]> =>
  page.locator('.row').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-key')))

/** Written out: they run in the page. */
const FOCUSED_IN_CONTENT = `document.activeElement !== document.body && document.activeElement.closest('#main') !== null && document.activeElement.id !== 'main'`
const IS_FILTER_FOCUSED = `document.activeElement?.id === 'filter'`

describe('what is not normal', () => {
  it('stands first, is counted, and can be shown alone', async () => {
    const { stash } = await furnish()
    const { page } = await open(stash)
    const alerts = page.getByRole('button', { name: '2 not normal' })
    await alerts.waitFor()
    expect((await keys(page)).slice(0, 2).toSorted()).toEqual(['checkout.maintenance', 'search.maintenance'])
    await alerts.click()
    expect(await keys(page)).toHaveLength(2)
    expect(page.url()).toContain('show=alerts')
    await page.reload()
    await alerts.waitFor()
    expect(await keys(page)).toHaveLength(2)
  })

  it('is told to whoever has no token: that it is away from its safe value, since when, and until when', async () => {
    const { stash } = await furnish()
    const { page, row } = await open({ id: stash.id })
    await page.locator('.row.unsafe').nth(1).waitFor()
    expect((await keys(page)).slice(0, 2).toSorted()).toEqual(['checkout.maintenance', 'search.maintenance'])
    await row('checkout.maintenance')
      .locator('.until', { hasText: /back to .false. in \d/ })
      .waitFor()
    await row('search.maintenance').locator('.since').waitFor()
    expect(await row('search.maintenance').locator('.until').count()).toBe(0)
    expect(await row('auth.maintenance').getAttribute('class')).not.toContain('unsafe')
    expect(await row('share').locator('.now.percent').count()).toBe(1)
    expect(await page.locator('.who, .why, .lever, .change').count()).toBe(0)
  })

  it('is what the clock says, while nothing is heard of the service', async () => {
    const { stash, master } = await furnish()
    const { page, row } = await open(stash)
    await master.set('auth.maintenance', 'true', 'for=6s')
    await row('auth.maintenance').locator('.until').waitFor()
    await page.routeWebSocket(/\/watch/, (socket) => socket.close())
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await page.locator('#app .stale').waitFor()
    expect(await row('auth.maintenance').locator('.now').textContent()).toBe('true')
    await row('auth.maintenance')
      .locator('.now', { hasText: /^false$/ })
      .waitFor()
    expect(await row('auth.maintenance').locator('.until').count()).toBe(0)
    expect(await page.locator('#link-text').textContent()).toBe('Not live')
    await page.getByRole('button', { name: '2 not normal' }).waitFor()
  })
})

describe('the search', () => {
  it.each([
    ['mail on-call', ['mail.on-call']],
    ['call SHOP.example search', ['search.on-call']],
    ['dana 48', ['mail.on-call']],
    ['queue', ['checkout.maintenance']],
    ['percentage', ['share']],
    ['mail queue', []],
  ])('finds every word, in name, value, person or reason: %s', async (words, found) => {
    const { stash } = await furnish()
    const { page, row } = await open(stash)
    await row('mail.on-call').locator('.why').waitFor()
    await page.locator('#filter').pressSequentially(words)
    await expect.poll(() => keys(page)).toEqual(found)
    expect(new URLSearchParams(page.url().split('?')[1]).get('q')).toBe(words)
    await page.reload()
    await expect.poll(() => keys(page)).toEqual(found)
    expect(await page.locator('#filter').inputValue()).toBe(words)
  })

  it('is reached by a slash, opens the first switch by Enter, and Back leads to it again', async () => {
    const { stash } = await furnish()
    const { page, row } = await open(stash)
    await row('mail.on-call').waitFor()
    await page.keyboard.press('/')
    expect(await page.evaluate(IS_FILTER_FOCUSED)).toBe(true)
    await page.keyboard.type('on-call')
    await expect.poll(async () => (await keys(page)).length).toBe(4)
    await page.keyboard.press('Enter')
    await expect.poll(() => page.url()).toBe(`${url}/#/s/${stash.id}/f/auth.on-call`)
    await page.goBack()
    await expect.poll(async () => (await keys(page)).length).toBe(4)
    expect(await page.locator('#filter').inputValue()).toBe('on-call')
  })

  it('takes a slash as a letter where one is typed', async () => {
    const { stash } = await furnish()
    const { page, reach, row } = await open(stash)
    await row('mail.on-call').waitFor()
    await reach('mail.on-call')
    await page.getByLabel('New value').fill('a')
    await page.keyboard.type('/b')
    expect(await page.getByLabel('New value').inputValue()).toBe('a/b')
  })
})

describe('where it leads', () => {
  it('Back leads to the view before, and closes what was open over it', async () => {
    const { stash } = await furnish()
    const { page, sheet } = await open({ id: stash.id })
    await toView(page, 'History')
    await toView(page, 'Access')
    await page.goBack()
    await page.locator('nav [data-view=history][aria-current=page]').waitFor()
    await page.goBack()
    await page.locator('nav [data-view=switches][aria-current=page]').waitFor()
    await page.locator('#use-token').click()
    await sheet.waitFor()
    await page.goForward()
    await sheet.waitFor({ state: 'detached' })
    expect(await page.locator('nav [aria-current=page]').getAttribute('data-view')).toBe('history')
  })

  it.each(['its id', 'its slug'])('the first stop of Tab is in the content, in a stash opened by %s', async (by) => {
    const slug = `drill-${Math.random().toString(36).slice(2, 10)}`
    const { stash } = await furnish({ slug })
    const { page: first } = await open(stash)
    const page = by === 'its id' ? first : await first.context().newPage()
    if (by === 'its slug') await page.goto(`${url}/#/s/${slug}`)
    await page.locator('.row').first().waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(FOCUSED_IN_CONTENT)).toBe(true)
  })

  it('a token offers no control of what it may not change', async () => {
    const { stash, master } = await furnish()
    const shop = await master.grant({ label: 'shop', can: ['write'], keys: ['mail.*'] })
    const { page, row } = await open({ id: stash.id, token: shop.token })
    await page.locator('#mode', { hasText: 'mail.*' }).waitFor()
    await row('mail.on-call').locator('.change').waitFor()
    await row('mail.maintenance').locator('.lever').waitFor()
    expect(await page.locator('.lever, .change').count()).toBe(2)
    expect(await page.locator('#freeze').count()).toBe(0)
  })
})

describe('what others do', () => {
  it('is told by the watch: nothing is asked while nothing happens, and a freeze shows at once', async () => {
    const { stash, master } = await furnish()
    const { page, row } = await open(stash)
    await page.clock.install()
    await page.reload()
    await row('mail.on-call').locator('.why').waitFor()
    await page.waitForLoadState('networkidle')
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.clock.runFor(9_000)
    await page.clock.runFor(9_000)
    expect(asked).toEqual([])
    await master.call('PUT', '/freeze', { reason: 'launch' })
    await page.locator('#frozen', { hasText: 'launch' }).waitFor()
    expect(await page.locator('.row .is-frozen').count()).toBe(9)
    await master.call('DELETE', '/freeze')
    await page.locator('#frozen').waitFor({ state: 'detached' })
  })
})

/** Written out: it types a letter, and gives the time until it is painted. In ms. */
const TYPE_AND_PAINT = `new Promise((resolve) => {
  const field = document.getElementById('filter')
  const began = performance.now()
  field.value += '1'
  field.dispatchEvent(new Event('input', { bubbles: true }))
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)))
})`

describe('a thousand switches', () => {
  async function openThousand(): Promise<Dashboard> {
    const stash = await newStash({ name: 'much' })
    const master = operatorOf(send, stash, stash.token)
    const flags = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`service-${i % 40}.flag-${i}`, `value ${i}`]),
    )
    expect((await master.call('PATCH', '/flags?reason=setup', flags)).status).toBe(200)
    const dashboard = await open(stash, { viewport: { width: 1280, height: 800 } })
    await dashboard.page.locator('.row .why').first().waitFor()
    return dashboard
  }

  it('come as one scrolls, and all of them', async () => {
    const { page } = await openThousand()
    expect((await keys(page)).length).toBeLessThan(500)
    await expect
      .poll(async () => {
        await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
        return new Set(await keys(page)).size
      })
      .toBe(1_000)
  })

  it('are searched while one types', async () => {
    const { page } = await openThousand()
    const times: number[] = []
    for (let i = 0; i < 3; i++) times.push(Number(await page.evaluate(TYPE_AND_PAINT)))
    console.log(`a letter in the search of 1,000 switches: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`)
    expect(Math.max(...times)).toBeLessThan(500)
    await page.locator('#filter').fill('flag-777')
    await expect.poll(() => keys(page)).toEqual(['service-17.flag-777'])
  })
})

describe('a service with more switches than are drawn', () => {
  it('is counted whole, and selected whole', async () => {
    const { stash, master } = await furnish()
    for (const part of [1, 2])
      await master.call(
        'PATCH',
        '/flags',
        Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`big.f${part}${100 + i}`, '1'])),
      )
    const { page } = await open(stash)
    const heading = page.locator('.group-title', { hasText: 'big' })
    expect(await heading.textContent()).toBe('big 200')
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    await page.getByRole('button', { name: 'Select all of big' }).click()
    await page.getByText('200 selected').waitFor()
    await page.getByRole('button', { name: 'Change together…' }).click()
    await page.locator('dialog').getByText('At most 50 can be changed together').waitFor()
  })
})

describe('an address that shows only what is pending', () => {
  it('says so where nothing is, and leads back to everything', async () => {
    const { stash } = await furnish()
    const { page } = await open(stash)
    await page.goto(`${url}/#/s/${stash.id}?show=pending`)
    await page.getByText('No switch matches.').waitFor()
    await page.getByRole('button', { name: 'Show everything' }).click()
    await page.locator('.row').first().waitFor()
    expect(page.url()).not.toContain('show=')
  })
})
