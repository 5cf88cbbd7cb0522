/** The dashboard when its token ends: what it says, at every width, and what it shows to a token that reaches few switches. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { ownDashboards, stashOnCall } from '../support/own-dashboards.ts'

const { open, openKnown } = ownDashboards()

/** Written out: what lies on top at the end of the banner's sentence, and in the middle of its button. */
const ON_TOP = `(() => {
  const text = document.getElementById('warning-text')
  const range = document.createRange()
  range.setStart(text.firstChild, text.textContent.length - 1)
  range.setEnd(text.firstChild, text.textContent.length)
  return [range, document.getElementById('warning-close')].map((target) => {
    const { left, top, width, height } = target.getBoundingClientRect()
    return document.elementFromPoint(left + width / 2, top + height / 2)?.id ?? null
  })
})()`

const banner = (page: Page) => page.locator('#warning', { hasText: 'read-only now' })

describe('the banner that says that the token has ended', () => {
  it.each([
    [360, 740],
    [768, 1024],
    [1024, 768],
    [1280, 720],
    [1920, 1080],
  ])('can be read and dismissed at %i by %i, wherever the page is scrolled to', async (width, height) => {
    const { stash, master } = await stashOnCall()
    await master.call('PATCH', '/flags', Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`switch-${i}`, '1'])))
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    const { page } = await open({ id: stash.id, token: bob.token }, { viewport: { width, height } })
    await page.locator('.card .who').first().waitFor()
    await page.evaluate('scrollTo(0, 500)')
    const { body } = await master.call('GET', '/tokens')
    const tokens = body['tokens'] as { token_id: string; label: string }[]
    await master.call('DELETE', `/tokens/${tokens.find(({ label }) => label === 'bob')?.token_id}`)
    await banner(page).waitFor()
    expect(await page.evaluate(ON_TOP)).toEqual(['warning-text', 'warning-close'])
    await page.evaluate('scrollTo(0, 0)')
    expect(await page.evaluate(ON_TOP)).toEqual(['warning-text', 'warning-close'])
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await banner(page).waitFor({ state: 'hidden' })
    await page.getByRole('navigation').getByRole('button', { name: 'Access' }).click()
    await page.getByRole('heading', { name: 'Access' }).waitFor()
  })

  it.each([
    ['token_expired', 'The token has expired.'],
    ['token_revoked', 'The token was revoked or replaced.'],
    ['invalid_token', 'The token no longer counts'],
  ])('says which it was: %s', async (code, words) => {
    const { stash, master } = await stashOnCall()
    const { page, card } = await openKnown(stash)
    const body = JSON.stringify({ code, status: 403, title: 'The token has ended', detail: 'Ask for another one.' })
    await page.route('**/held?**', (route) =>
      route.fulfill({ status: 403, contentType: 'application/problem+json', body }),
    )
    await page.locator('#warning', { hasText: `${words}` }).waitFor()
    await page.getByText('Read-only', { exact: true }).waitFor()
    expect(await page.locator('.lever:visible, .change:visible').count()).toBe(0)
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
    await master.set('on-call', 'bob')
    await card('on-call').locator('.now', { hasText: 'bob' }).waitFor()
    expect(await page.locator('#trouble:visible').count()).toBe(0)
  })
})

describe('a token that reaches few switches', () => {
  it('sees no other change beside a switch than one that touched it, whatever the service answers', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PATCH', '/flags', { 'shop-1': '1', zz: '1' })
    const shop = await master.grant({ label: 'shop', can: ['write'], keys: ['shop-*'] })
    const { page, card } = await open(
      { id: stash.id, token: shop.token },
      {
        viewport: { width: 1280, height: 800 },
      },
    )
    const entry = { revision: 2, at: new Date().toISOString(), kind: 'patch', reason: 'migrated', token_id: 'x' }
    const answer = (key: string | null) => {
      const entries =
        key === null
          ? []
          : [{ ...entry, who: 'zoe', changes: [{ key: key === 'zz' ? key : 'shop-1', before: null, after: '1' }] }]
      return JSON.stringify({ stash_id: stash.id, entries, next: null, first: 1 })
    }
    // As an older service does: it goes by all keys of a revision, and shows those that the token reaches.
    await page.route('**/history?**', (route) => {
      const key = new URL(route.request().url()).searchParams.get('key')
      return route.fulfill({ contentType: 'application/json', body: answer(key) })
    })
    // Values may come after everything else: only then is known whose changes are to be looked up.
    const details = ['/items', '/guards', '/held', '/history'].map((part) =>
      page.waitForResponse((response) => response.url().includes(part)),
    )
    await page.route('**/watch**', async (route) => {
      await Promise.all(details)
      await route.continue()
    })
    await page.reload()
    await card('zz').locator('.who', { hasText: 'zoe' }).waitFor()
    await card('shop-1').locator('.who', { hasText: 'zoe' }).waitFor()
    expect(await card('on-call').locator('.meta').textContent()).toBe('')
  })
})
