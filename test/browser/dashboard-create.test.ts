/** A stash that is created in the page: what is made, what is shown once, and what a lost answer leaves. */
import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { create, fillForm, openSwitches, secret, slugOf, stored } from '../support/dashboard-start.ts'
import { operatorOf } from '../support/operator.ts'
import { ownPages } from '../support/own-pages.ts'
import { newStash, send, url } from '../support/service.ts'

const { openAt } = ownPages()
const openPage = (options: BrowserContextOptions = {}, path = '/'): Promise<Page> =>
  openAt(path, { options: { viewport: { width: 390, height: 844 }, ...options } })

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
