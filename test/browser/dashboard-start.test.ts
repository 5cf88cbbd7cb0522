/** The first page: stashes that are opened, known, listed, and not found. */
import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { examine } from '../support/axe.ts'
import { create, expectUsable, fillForm, openSwitches, stored } from '../support/dashboard-start.ts'
import { operatorOf } from '../support/operator.ts'
import { ownPages } from '../support/own-pages.ts'
import { newStash, send, url } from '../support/service.ts'

const { openAt } = ownPages()
const openPage = (options: BrowserContextOptions = {}, path = '/'): Promise<Page> =>
  openAt(path, { options: { viewport: { width: 390, height: 844 }, ...options } })

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
    await expect.poll(async () => (await send(`/stash/${slug}`)).status).toBe(200)
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
