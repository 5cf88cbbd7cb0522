/** The guides in a browser: the search, the way from an error code to its section, and how the pages lie on small and wide screens. */
import { describe, expect, it } from 'vitest'
import { examine } from '../support/axe.ts'
import { ownPages } from '../support/own-pages.ts'
import { newStash, url } from '../support/service.ts'

const { openAt, openStash } = ownPages()
const PHONE = { viewport: { width: 360, height: 780 } }

describe('the search', () => {
  it('finds a section by its words, and goes there by the keyboard', async () => {
    const page = await openAt('/docs')
    await page.keyboard.press('/')
    await page.keyboard.type('unvouch')
    const found = page.getByRole('option')
    await found.first().waitFor()
    await page.keyboard.press('ArrowDown')
    expect(await page.getByRole('option', { selected: true }).count()).toBe(1)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/docs\/.+/)
    expect(await page.locator('article').textContent()).toContain('unvouched')
  })
  it('says when it finds nothing, and closes with Escape', async () => {
    const page = await openAt('/docs/api', { options: PHONE })
    await page.getByRole('combobox').fill('zzqx')
    await page.getByText('Nothing found.').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Nothing found.').waitFor({ state: 'hidden' })
    expect(await page.getByRole('combobox').getAttribute('aria-expanded')).toBe('false')
  })
  it('says when its index cannot be loaded, and tries again', async () => {
    const page = await openAt('/docs')
    await page.route(/index-.*\.json/, (route) => route.abort())
    await page.getByRole('combobox').fill('freez')
    await page.getByText('The search could not be loaded.').waitFor()
    await page.unroute(/index-.*\.json/)
    await page.getByRole('combobox').fill('freeze')
    await page.getByRole('option').first().waitFor()
    expect(await page.getByRole('option').count()).toBeGreaterThan(1)
  })
})

describe('an error code', () => {
  it('goes on to the section that explains it', async () => {
    const page = await openAt('/docs#version_conflict')
    await page.waitForURL(/\/docs\/reference\/errors.*#version_conflict$/)
    expect(await page.locator('#version_conflict').count()).toBe(1)
  })
  it('stands on the front page without scripts, with a link to that section', async () => {
    const page = await openAt('/docs#version_conflict', { options: { javaScriptEnabled: false } })
    await page.locator('#version_conflict').getByRole('link').click()
    await page.waitForURL(/\/docs\/reference\/errors.*#version_conflict$/)
    expect(await page.locator('#version_conflict').count()).toBe(1)
  })
})

describe.each(['light', 'dark'] as const)('the pages, %s', (colorScheme) => {
  it.each([360, 1280])('give axe nothing to complain of, and scroll nothing sideways, at %i px', async (width) => {
    for (const path of ['/docs', '/docs/api', '/docs/use/cli', '/docs/operate/figures', '/docs/reference/errors']) {
      const page = await openAt(path, { options: { colorScheme, viewport: { width, height: 800 } } })
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), path).toBeLessThanOrEqual(0)
      expect(await examine(page), path).toEqual([])
    }
  })
})

describe('a page', () => {
  it('leads from the text to all guides on a phone, and shows them beside it on a wide screen', async () => {
    const phone = await openAt('/docs/use/cli', { options: PHONE })
    await phone.getByRole('link', { name: 'All guides' }).click()
    await phone.getByRole('navigation', { name: 'All guides' }).getByRole('link', { name: 'The dashboard' }).click()
    await phone.waitForURL(/\/docs\/use\/dashboard$/)
    const wide = await openAt('/docs/use/cli')
    const current = wide.getByRole('navigation', { name: 'All guides' }).locator('[aria-current="page"]')
    expect((await current.boundingBox())?.x).toBeLessThan(272)
    expect(await wide.locator('details.contents').getAttribute('open')).not.toBeNull()
  })
  it('is one press away from the dashboard, and the dashboard from it', async () => {
    const page = await openAt('/docs/use/dashboard')
    await page.getByRole('link', { name: 'Dashboard', exact: true }).click()
    await page.getByRole('link', { name: 'Guides and reference' }).click()
    await page.waitForURL(/\/docs$/)
    expect(await page.title()).toContain('Switchyard')
  })
  it.each([
    ['', '/docs/use/dashboard'],
    ['/pending', '/docs/how-to/two-people'],
    ['/history', '/docs/how-to/undo'],
    ['/access', '/docs/reference/tokens'],
  ])('is named by the view that it is about: %s', async (view, guide) => {
    const page = await openStash(await newStash({ name: 'shop' }), view)
    const link = page.getByRole('link', { name: 'Guide to this page' })
    expect(await link.getAttribute('href')).toBe(guide)
    expect((await fetch(url + guide)).status).toBe(200)
  })
})
