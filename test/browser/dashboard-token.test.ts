/** The dashboard when its token ends: what it says, at every width, and what it shows to a token that reaches few switches. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { toView } from '../support/dashboard.ts'
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
    await page.locator('.row .who').first().waitFor()
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
    await toView(page, 'Access')
    await page.getByRole('heading', { name: 'About this stash' }).waitFor()
  })

  it.each([
    ['token_expired', 'Your token has expired.'],
    ['token_revoked', 'Your token was revoked or replaced.'],
    ['invalid_token', 'Your token is no longer valid'],
  ])('says which it was: %s', async (code, words) => {
    const { stash, master } = await stashOnCall()
    const { page, row } = await openKnown(stash)
    const body = JSON.stringify({ code, status: 403, title: 'The token has ended', detail: 'Ask for another one.' })
    await page.route('**/held?**', (route) =>
      route.fulfill({ status: 403, contentType: 'application/problem+json', body }),
    )
    // Whatever happens has the details read again.
    await master.call('PUT', '/freeze', { reason: 'drill' })
    await page.locator('#warning', { hasText: `${words}` }).waitFor()
    await page.getByText('Read-only', { exact: true }).waitFor()
    expect(await page.locator('.lever:visible, .change:visible').count()).toBe(0)
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
    await master.call('DELETE', '/freeze')
    await master.set('on-call', 'bob')
    await row('on-call').locator('.now', { hasText: 'bob' }).waitFor()
    expect(await page.locator('#trouble:visible').count()).toBe(0)
  })
})

describe('a token that reaches few switches', () => {
  it('sees no other change beside a switch than one that touched it, whatever the service answers', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PATCH', '/flags', { 'shop-1': '1', zz: '1' })
    const shop = await master.grant({ label: 'shop', can: ['write'], keys: ['shop-*'] })
    const { page, row } = await open(
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
    await page.routeWebSocket(/\/watch/, async (socket) => {
      await Promise.all(details)
      socket.connectToServer()
    })
    await page.reload()
    await row('zz').locator('.who', { hasText: 'zoe' }).waitFor()
    await row('shop-1').locator('.who', { hasText: 'zoe' }).waitFor()
    expect(await row('on-call').locator('.who, .why').count()).toBe(0)
  })
})

describe('a token that has ended', () => {
  it('takes no newer one with it, which another tab has kept on this device', async () => {
    const { stash, master } = await stashOnCall()
    const [old, newer] = [
      await master.grant({ label: 'old', can: ['write'] }),
      await master.grant({ label: 'newer', can: ['write'] }),
    ]
    const { page } = await openKnown({ id: stash.id, token: old.token })
    const key = `switchyard:token:${stash.id}`
    await page.evaluate(`localStorage.setItem('${key}', '${newer.token}')`)
    const tokens = (await master.call('GET', '/tokens')).body['tokens'] as { token_id: string; label: string }[]
    await master.call('DELETE', `/tokens/${tokens.find(({ label }) => label === 'old')?.token_id}`)
    await banner(page).waitFor()
    expect(await page.evaluate(`sessionStorage.getItem('${key}')`)).toBeNull()
    await page.reload()
    await page.getByText('You are \u2068newer\u2069', { exact: false }).waitFor()
  })
})

describe('a token that is pasted into the search by mistake', () => {
  it('gets into no address', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PATCH', '/flags', Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`switch-${i}`, '1'])))
    const { page } = await openKnown(stash)
    await page.getByLabel('Find a switch').fill(stash.token)
    await page.locator('#toast', { hasText: 'has a token in it' }).waitFor()
    expect(page.url()).not.toContain('swy_')
    expect(await page.getByLabel('Find a switch').inputValue()).toBe('')
    expect(await page.locator('.row').count()).toBe(10)
  })
})

describe('a token that may not override a freeze', () => {
  it('finds no control of what is frozen, and has it again when the freeze has ended', async () => {
    const { stash, master } = await stashOnCall()
    await master.set('lamp', 'on')
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    const { row } = await openKnown({ id: stash.id, token: bob.token })
    await row('on-call').locator('.change').waitFor()
    await master.call('PUT', '/freeze', { keys: ['on-*'], reason: 'launch' })
    await row('on-call').locator('.change').waitFor({ state: 'detached' })
    await row('on-call').getByText('frozen').waitFor()
    expect(await row('lamp').locator('.change').count()).toBe(1)
    await master.call('DELETE', '/freeze?keys=on-*')
    await row('on-call').locator('.change').waitFor()
  })
})
