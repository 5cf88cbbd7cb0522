/** The way in: opening a stash, the stashes that the browser knows, and the creation of a stash, in a real browser. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { listen } from '../support/dashboard.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let browser: Browser
let opened: Page[] = []
let complaints: string[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterEach(async () => {
  for (const page of opened) await page.context().close()
  const said = complaints
  opened = []
  complaints = []
  if (said.length > 0) throw new Error(`the page complained: ${said.join('\n')}`)
})
afterAll(() => browser.close())

async function openPage(options: BrowserContextOptions = {}, path = '/'): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options })
  const page = await context.newPage()
  const said = listen(page)
  page.on('close', () => complaints.push(...said))
  opened.push(page)
  await page.goto(url + path)
  return page
}

const fillForm = async (page: Page, name: string, services = ''): Promise<void> => {
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Your name').fill('Dana')
  if (services !== '') await page.getByLabel('Services').fill(services)
}
const create = (page: Page): Promise<void> => page.getByRole('button', { name: 'Create stash' }).click()
const secret = (page: Page): Promise<string | null> => page.locator('.secret').textContent()
const openSwitches = (page: Page): Promise<void> => page.getByRole('button', { name: 'Open the switches' }).click()
const stored = (page: Page): Promise<string> =>
  page.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])') as Promise<string>
const slugOf = (page: Page): string => /#\/s\/([^/?]+)/.exec(page.url())?.[1] ?? ''

async function examine(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const { violations } = (await page.evaluate(`axe.run(document, { resultTypes: ['violations'] })`)) as {
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[]
  }
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

const SMALL = `[...document.querySelectorAll('main a, main button, main input:not([type=checkbox]), main summary, main textarea')]
  .filter((one) => one.getBoundingClientRect().height > 0 && one.getBoundingClientRect().height < 43.9).map((one) => one.outerHTML)`

async function expectUsable(page: Page, where: string): Promise<void> {
  expect(await examine(page), where).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), where).toBeLessThanOrEqual(0)
  expect(await page.evaluate(SMALL), where).toEqual([])
}

describe.each([
  ['light', 360],
  ['light', 1280],
  ['dark', 360],
  ['dark', 1280],
] as const)('%s, %d px wide', (colorScheme, width) => {
  it('gives axe nothing to complain of, does not scroll sideways, and has controls of 44 px', async () => {
    const page = await openPage({ viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' })
    await page.getByText('I run this deployment').click()
    await page.getByLabel('Admin token').waitFor()
    await expectUsable(page, 'start')
    await page.getByRole('link', { name: 'Create a stash' }).click()
    await create(page)
    await page.getByText('Give the stash a name.').waitFor()
    await fillForm(page, 'no-blank-to-break-at-'.repeat(4), 'x'.repeat(60))
    await expectUsable(page, 'form')
    await create(page)
    await page.getByText('3 switches: done').waitFor()
    await expectUsable(page, 'created')
    await page.goBack()
    await page.getByRole('button', { name: 'Forget' }).waitFor()
    await expectUsable(page, 'known, and a master token that is still shown')
    await page.getByRole('button', { name: 'Forget' }).click()
    await page.getByRole('button', { name: 'Forget it and its token' }).waitFor()
    expect(await examine(page)).toEqual([])
  })
})

describe('creating a stash', () => {
  it('takes at most eight clicks and fields from the first page to the first flipped switch', async () => {
    const page = await openPage({ viewport: { width: 1280, height: 800 } })
    let acts = 0
    const click = (target: Locator): Promise<void> => (acts++, target.click())
    const fill = (target: Locator, text: string): Promise<void> => (acts++, target.fill(text))

    await click(page.getByRole('link', { name: 'Create a stash' }))
    await fill(page.getByLabel('Name', { exact: true }), 'shop production')
    await fill(page.getByLabel('Your name'), 'Dana')
    await fill(page.getByLabel('Services'), 'checkout, payments')
    expect(await page.locator('.keys .key').allTextContents()).toEqual([
      'checkout.maintenance-mode',
      'checkout.on-call',
      'checkout.traffic-target',
      'payments.maintenance-mode',
      'payments.on-call',
      'payments.traffic-target',
    ])
    await click(page.getByRole('button', { name: 'Create stash' }))
    await click(page.getByRole('button', { name: 'Open the switches' }))
    const row = page.locator('.row[data-key="checkout.maintenance-mode"]')
    await click(row.locator('.lever'))
    await click(page.locator('dialog.sheet button[type=submit]'))
    await row.locator('.now', { hasText: 'true' }).waitFor()

    expect(acts).toBeLessThanOrEqual(8)
    const slug = slugOf(page)
    expect(slug).toMatch(/^shop-production-[a-z0-9]{4}$/)
    const flags = await (await fetch(`${url}/api/stash/${slug}/flags`)).json()
    expect(flags).toMatchObject({
      flags: {
        'checkout.maintenance-mode': 'true',
        'payments.maintenance-mode': 'false',
        'payments.on-call': 'Dana',
        'checkout.traffic-target': 'blue',
      },
    })
  })

  it('shows the master token once, keeps it nowhere, and uses a token with the name of the person', async () => {
    const page = await openPage({}, '/#/new')
    await fillForm(page, 'drill', 'a')
    await page.getByLabel('A change of traffic needs a second person').check()
    await create(page)
    const master = (await secret(page)) ?? ''
    expect(master).toMatch(/^swy_/)
    await page.getByText('3 switches: done').waitFor()
    expect(await stored(page)).not.toContain(master)

    // Back and forward lose nothing.
    await page.goto(`${url}/#/`)
    await page.getByRole('link', { name: 'Go back to it' }).click()
    expect(await secret(page)).toBe(master)
    // A reload asks first.
    const asked = page.waitForEvent('dialog')
    const reload = page.reload({ timeout: 5_000 }).catch(() => null)
    const dialog = await asked
    expect(dialog.type()).toBe('beforeunload')
    await dialog.dismiss()
    await reload
    expect(await secret(page)).toBe(master)

    await page.getByLabel('Keep my token on this device').check()
    await openSwitches(page)
    await page.getByText(/You are .*Dana/).waitFor()
    expect(await stored(page)).not.toContain(master)
    const [tab, device] = JSON.parse(await stored(page)) as [Record<string, string>, Record<string, string>]
    expect(Object.keys(tab)).toEqual([])
    const [name = '', token = ''] = Object.entries(device).find(([key]) => key.startsWith('switchyard:token:')) ?? []
    const id = name.slice('switchyard:token:'.length)
    const mine = operatorOf(send, { id }, token)
    const { body } = await mine.call('GET', '/history?limit=1')
    expect(body).toMatchObject({ entries: [{ kind: 'import', who: 'Dana', reason: 'created' }] })
    const guards = await mine.call('GET', '/guards')
    expect(guards.body).toMatchObject({
      guards: [
        { key: 'a.maintenance-mode', type: 'boolean', safe_value: 'false', max_for: '2h' },
        { key: 'a.on-call', type: 'text' },
        { key: 'a.traffic-target', type: 'choice', choices: ['blue', 'green'], approvals: 1 },
      ],
    })
    // Nothing to put away: a reload does not ask.
    await page.reload()
    await page.getByText('Live', { exact: true }).waitFor()
  })

  it('proposes another short name where it is taken, and has created nothing', async () => {
    const stash = await newStash({ name: 'first', slug: `taken-${Date.now().toString(36)}` })
    const { slug } = ((await (await fetch(`${url}/api/stash/${stash.id}`)).json()) ?? {}) as { slug: string }
    const page = await openPage({}, '/#/new')
    await fillForm(page, 'second')
    await page.getByLabel('Short name').fill(slug)
    await create(page)
    await page.getByText(`The short name "${slug}" is taken. Nothing was created.`).waitFor()
    const proposed = await page.getByLabel('Short name').inputValue()
    expect(proposed).not.toBe(slug)
    expect(await stored(page)).not.toContain('second')
    await create(page)
    await openSwitches(page)
    await page.getByText('Live', { exact: true }).waitFor()
    expect(slugOf(page)).toBe(proposed)
  })

  it('shows the master token whatever fails after it, and does the rest on a second try', async () => {
    const page = await openPage({}, '/#/new')
    let isGrantLost = true
    // The first grant is applied, and its answer is lost.
    await page.route('**/tokens', async (route) => {
      if (route.request().method() !== 'POST' || !isGrantLost) return route.fallback()
      isGrantLost = false
      await route.fetch()
      return route.abort()
    })
    let isImportRefused = true
    await page.route('**/import?*', (route) =>
      isImportRefused
        ? route.fulfill({
            status: 429,
            contentType: 'application/problem+json',
            body: JSON.stringify({ status: 429, code: 'rate_limited', title: 'Too many', detail: 'Wait a minute.' }),
          })
        : route.fallback(),
    )
    await fillForm(page, 'half', 'a, b')
    await create(page)
    await page.getByText('It is not known whether your own token was made.').waitFor()
    const master = (await secret(page)) ?? ''
    expect(master).toMatch(/^swy_/)
    await page.getByRole('button', { name: 'Open it read-only' }).waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('The switches were not made. Your own token was.').waitFor()
    await page.getByText('Too many. Wait a minute.').waitFor()
    expect(await secret(page)).toBe(master)
    isImportRefused = false
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('6 switches: done').waitFor()
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0)
    await openSwitches(page)
    await page.getByText(/You are .*Dana/).waitFor()
    await page.locator('.row[data-key="b.on-call"]').waitFor()
  })

  it('asks for another name of the person where the service refuses it', async () => {
    const page = await openPage({}, '/#/new')
    await page.getByLabel('Name', { exact: true }).fill('drill')
    await page.getByLabel('Your name').fill('M a s t e r')
    await create(page)
    await page.getByText('Your own token was not made, and so no switch was made.').waitFor()
    await page.getByLabel('Your name').fill('Dana')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('3 switches: done').waitFor()
    expect(await page.locator('.steps [data-step=done]').count()).toBe(3)
  })

  it('asks for the admin token where the deployment does, and keeps it in the tab', async () => {
    const page = await openPage({}, '/#/new')
    const sent: (string | undefined)[] = []
    await page.route('**/api/stash', (route) => {
      const { authorization } = route.request().headers()
      sent.push(authorization)
      if (authorization === 'Bearer the-admin-token-of-this-drill') return route.fallback()
      const code = authorization === undefined ? 'token_missing' : 'invalid_token'
      const body = JSON.stringify({ status: 401, code, title: 'A token is needed', detail: '' })
      return route.fulfill({ status: authorization === undefined ? 401 : 403, contentType: 'application/json', body })
    })
    await fillForm(page, 'closed')
    expect(await page.getByLabel('Admin token').count()).toBe(0)
    await create(page)
    await page.getByText('this deployment creates stashes only with its admin token').waitFor()
    await page.getByLabel('Admin token').fill('wrong')
    await create(page)
    await page.getByText('Nothing was created: the admin token is not valid here.').waitFor()
    await page.getByLabel('Admin token').fill('the-admin-token-of-this-drill')
    await create(page)
    await openSwitches(page)
    await page.getByText('Live', { exact: true }).waitFor()
    expect(sent).toEqual([undefined, 'Bearer wrong', 'Bearer the-admin-token-of-this-drill'])
    await page.goto(`${url}/#/new`)
    expect(await page.getByLabel('Admin token').inputValue()).toBe('the-admin-token-of-this-drill')
  })

  it('says so where stashes cannot be created, and where the outcome is not known', async () => {
    const page = await openPage({}, '/#/new')
    let isClosed = true
    await page.route('**/api/stash', (route) =>
      isClosed
        ? route.fulfill({
            status: 403,
            contentType: 'application/problem+json',
            body: JSON.stringify({
              code: 'creation_closed',
              title: 'Stashes cannot be created here yet',
              detail: 'x.',
            }),
          })
        : route.abort(),
    )
    await fillForm(page, 'drill')
    const slug = await page.getByLabel('Short name').inputValue()
    await create(page)
    await page.getByText('Stashes cannot be created here yet. x. Nothing was created.').waitFor()
    isClosed = false
    await create(page)
    await page.getByText('It is not known whether the stash was created.').waitFor()
    expect(await page.getByLabel('Short name').inputValue()).not.toBe(slug)
  })
})

describe('opening a stash', () => {
  const connect = async (page: Page, stash: string, token = ''): Promise<void> => {
    await page.getByLabel('Stash').fill(stash)
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Open', exact: true }).click()
  }
  const says = (page: Page, text: string): Promise<void> => page.locator('#connect-error', { hasText: text }).waitFor()

  it('says what is wrong with a stash or a token, and opens nothing', async () => {
    const stash = await newStash({ name: 'shop' })
    const page = await openPage()
    await connect(page, '')
    await says(page, 'Type the ID or the short name of a stash first')
    await connect(page, 'not a stash!')
    await says(page, 'This is not a stash.')
    await connect(page, stash.token)
    await says(page, 'That is a token.')
    await connect(page, 'f'.repeat(64))
    await says(page, 'There is no such stash: it never existed, or was deleted.')
    await connect(page, stash.id, 'swy_nonsense')
    await says(page, 'The token is not valid here')
    await connect(page, stash.id, 'tökén')
    await says(page, 'A token has no blanks and no special letters.')
    expect(await stored(page)).toBe('[{},{}]')
    expect(new URL(page.url()).hash).toBe('')
    await connect(page, ` ${url}/#${stash.id} `, stash.token)
    await page.getByText('Live', { exact: true }).waitFor()
  })

  it('takes a slug, and a link to one switch', async () => {
    const slug = `open-${Date.now().toString(36)}`
    const stash = await newStash({ name: 'shop', slug })
    await operatorOf(send, stash, stash.token).set('lamp', 'true')
    const page = await openPage()
    await connect(page, slug)
    await page.getByText('Read-only').waitFor()
    await page.goto(`${url}/#/`)
    await connect(page, `https://other.test/dashboard#/s/${slug}/f/lamp?q=x`, stash.token)
    await expect.poll(() => new URL(page.url()).hash).toBe(`#/s/${slug}/f/lamp`)
    await page.goto(`${url}/#/s/${slug}`)
    await page.getByText(/Master token/).waitFor()
  })
})

describe('the stashes that the browser knows', () => {
  it('are listed after a reload, and can be forgotten with their tokens', async () => {
    const [first, second] = [await newStash({ name: '<b>shop</b> \u202E' }), await newStash({ name: 'staging' })]
    const page = await openPage()
    for (const { id, token } of [first, { id: second.id, token: '' }]) {
      await page.goto(`${url}/#/`)
      await page.getByLabel('Stash').fill(id)
      await page.getByLabel('Token').fill(token)
      await page.getByRole('button', { name: 'Open', exact: true }).click()
      await page.getByText('Live', { exact: true }).waitFor()
      await page.locator('#name', { hasText: /shop|staging/ }).waitFor()
    }
    await page.goto(`${url}/#/`)
    await page.reload()
    const known = page.locator('.known li')
    await page.getByRole('link', { name: 'See all stashes' }).waitFor()
    expect(await known.locator('strong').allTextContents()).toEqual(['staging', '<b>shop</b> \\u{202e}'])
    expect(await known.nth(0).textContent()).toContain('no token here')
    expect(await known.nth(1).textContent()).toContain('token kept in this tab')
    expect(await page.locator('main b').count()).toBe(0)

    await known.nth(0).getByRole('button').click()
    await expect.poll(() => known.count()).toBe(1)
    await known.nth(0).getByRole('button').click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(await stored(page)).toContain(first.token)
    await known.nth(0).getByRole('button').click()
    await page.getByRole('button', { name: 'Forget it and its token' }).click()
    await expect.poll(() => known.count()).toBe(0)
    expect(await stored(page)).not.toContain(first.id)
    await page.reload()
    await page.getByText('New here?').waitFor()
  })
})

describe('with the admin token', () => {
  it('lists the stashes of the deployment, page by page, and gives the token up', async () => {
    const page = await openPage()
    const ids = ['a', 'b', 'c'].map((digit) => digit.repeat(64))
    await page.route('**/api/stashes?*', (route) => {
      if (route.request().headers()['authorization'] !== 'Bearer right')
        return route.fulfill({
          status: 403,
          contentType: 'application/problem+json',
          body: JSON.stringify({ code: 'invalid_token', title: 'The token is not valid here', detail: 'Mistyped.' }),
        })
      const isFirst = !route.request().url().includes('cursor=')
      const stashes = (isFirst ? ids.slice(0, 2) : ids.slice(2)).map((id, index) => ({
        stash_id: id,
        slug: index === 0 ? `slug-${id.slice(0, 3)}` : null,
        name: index === 0 ? '<i>name</i>' : null,
        created_at: index === 0 ? '2026-11-01T00:00:00Z' : null,
        revision: null,
        items: index === 0 ? 7 : null,
      }))
      const body = { stashes, next: isFirst ? 'next page' : null, as_of: '2026-11-27T00:00:00Z' }
      return route.fulfill({ contentType: 'application/json', body: JSON.stringify(body) })
    })
    await page.getByText('I run this deployment').click()
    await page.getByRole('button', { name: 'Show all stashes' }).click()
    await page.getByText('Paste the admin token first.').waitFor()
    await page.getByLabel('Admin token').fill('wrong')
    await page.getByRole('button', { name: 'Show all stashes' }).click()
    await page.getByText('The token is not valid here. Mistyped.').waitFor()
    expect(await stored(page)).toBe('[{},{}]')
    await page.getByLabel('Admin token').fill('right')
    await page.getByRole('button', { name: 'Show all stashes' }).click()
    const listed = page.locator('.known li')
    await expect.poll(() => listed.count()).toBe(2)
    expect(await listed.nth(0).textContent()).toBe('<i>name</i>slug-aaa · 7 switches · created 1 Nov 2026')
    expect(await listed.nth(1).textContent()).toContain('bbbbbbbb…')
    await page.getByRole('button', { name: 'Show more' }).click()
    await expect.poll(() => listed.count()).toBe(3)
    expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Forget the admin token' }).click()
    expect(await stored(page)).toBe('[{},{}]')
    expect(await listed.count()).toBe(0)
  })
})

describe('a short name that was not there', () => {
  it('is looked for again when a person comes back to it', async () => {
    const slug = `later-${Math.random().toString(36).slice(2, 8)}`
    const page = await openPage({}, `/#/s/${slug}`)
    await page.getByText('There is no such stash').waitFor()
    await newStash({ slug, name: 'later' })
    await page.evaluate(`location.hash = '#/'`)
    await page.getByRole('heading', { name: 'Switchyard' }).waitFor()
    await page.waitForTimeout(2_000)
    await page.evaluate(`location.hash = '#/s/${slug}'`)
    await page.getByRole('heading', { name: 'later', exact: true }).waitFor()
    expect(await page.getByText('There is no such stash').count()).toBe(0)
  })
})

describe('the switches of a new stash', () => {
  it('are made once, also where a repeat after a lost answer is refused for a while', async () => {
    const page = await openPage({}, '/#/new')
    const keys: (string | undefined)[] = []
    await page.route('**/import**', async (route) => {
      keys.push(route.request().headers()['idempotency-key'])
      if (keys.length === 3) return route.continue()
      if (keys.length === 1) {
        await route.fetch()
        return route.abort('connectionreset')
      }
      const body = JSON.stringify({ code: 'overloaded', title: 'Too busy', applied: 'no' })
      return route.fulfill({ status: 503, contentType: 'application/problem+json', body })
    })
    await fillForm(page, 'once', 'checkout')
    await create(page)
    const again = page.getByRole('button', { name: 'Try again' })
    await again.click()
    await page.getByText('Too busy').waitFor()
    await page.getByText('It is not known whether the switches were made.').waitFor()
    await again.click()
    await page.getByText('3 switches: done').waitFor()
    expect(new Set(keys).size).toBe(1)
    await openSwitches(page)
    await page.getByText('Live', { exact: true }).waitFor()
  })
})
