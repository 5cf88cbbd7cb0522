/** The dashboard where there is much: nothing is left out because it is far down a list, or long ago. */
import { describe, expect, it } from 'vitest'
import { toView } from '../support/dashboard.ts'
import { operatorOf } from '../support/operator.ts'
import { ownDashboards } from '../support/own-dashboards.ts'
import { newStash, send } from '../support/service.ts'

const { open } = ownDashboards()

async function furnish() {
  const stash = await newStash({ name: 'much' })
  return { stash, master: operatorOf(send, stash, stash.token) }
}

const EVERYBODY = Array.from({ length: 60 }, (_, i) => `service-${i}`)

describe('a stash with much in it', () => {
  it('says of every switch who changed it last, however many and however long ago', async () => {
    const { stash, master } = await furnish()
    await master.call('PATCH', '/flags?reason=setup', Object.fromEntries(EVERYBODY.map((key) => [key, '1'])))
    for (let i = 0; i < 60; i++) await master.set('busy', String(i))
    const { page } = await open(stash)
    await expect.poll(() => page.locator('.row .who').count()).toBe(EVERYBODY.length + 1)
    expect(await page.locator('.row .why', { hasText: 'setup' }).count()).toBe(EVERYBODY.length)
  })

  it('counts and selects every switch of a service, also those that are not drawn yet', async () => {
    const { stash, master } = await furnish()
    const keys = Array.from({ length: 200 }, (_, i) => `shop.flag-${i}`)
    await master.call('POST', '/import', { items: keys.map((key) => ({ key, value: '1' })), guards: [] })
    const { page } = await open(stash)
    await page.locator('.group-title .count', { hasText: /^200$/ }).waitFor()
    expect(await page.locator('.row').first().getAttribute('data-key')).toBe('shop.flag-0')
    expect(await page.locator('.row').nth(2).getAttribute('data-key')).toBe('shop.flag-2')
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    await page.getByRole('button', { name: /^Select all/ }).click()
    await page.locator('.selection', { hasText: '200 selected' }).waitFor()
  })

  it('says who changed a switch, and not who guarded it since', async () => {
    const { stash, master } = await furnish()
    await master.set('lamp', 'on', 'reason=first')
    const carol = await master.grant({ label: 'carol', can: ['guard'] })
    for (const most of [10, 20, 30]) await carol.call('PUT', '/guards/lamp', { type: 'text', max_length: most })
    for (let i = 0; i < 60; i++) await master.set('busy', String(i))
    const { page, row } = await open(stash)
    await page.locator('.row[data-key="busy"] .who').waitFor()
    await row('lamp').locator('.why', { hasText: 'first' }).waitFor()
    expect(await row('lamp').locator('.who').textContent()).toBe('master')
  })

  it('shows when a switch goes back, also behind five hundred links', async () => {
    const { stash, master } = await furnish()
    await master.set('lamp', 'false')
    const headers = { Authorization: `Bearer ${stash.token}` }
    const press = () => send(`/item/${stash.id}/lamp/presign`, { method: 'POST', headers, body: 'true' })
    for (let i = 0; i < 501; i += 20) await Promise.all(Array.from({ length: 20 }, press))
    await master.set('lamp', 'true', 'for=30m')
    const { page } = await open(stash)
    await page.locator('.row .until', { hasText: /back to .* in \d/ }).waitFor()
    await toView(page, 'Pending')
    await page.locator('#held .count', { hasText: /^5\d\d$/ }).waitFor()
    // Of so many, not all are drawn: the end of the time-box is.
    const end = page.locator('#held .item').getByRole('button', { name: /^Keep it with no end/ })
    await expect.poll(() => end.count()).toBe(1)
  })
})

describe('another stash in the same tab', () => {
  it('waits for nothing that was asked of the one before', async () => {
    const [one, other] = [await furnish(), await furnish()]
    await one.master.set('a', '1', 'reason=one')
    await other.master.set('a', '1', 'reason=other')
    const { page, row } = await open(other.stash)
    await page.evaluate(`location.hash = '#${one.stash.id}'`)
    await page.locator('#use-token').click()
    await page.getByLabel('Token', { exact: true }).fill(one.stash.token)
    await page.getByRole('button', { name: 'Use it' }).click()
    await row('a').locator('.why', { hasText: 'one' }).waitFor()
    // Never answered, and never given up.
    await page.evaluate('AbortSignal.timeout = () => new AbortController().signal')
    await page.route(`**/${one.stash.id}/history**`, () => {})
    await one.master.set('a', '2')
    await row('a').locator('.now', { hasText: '2' }).waitFor()
    await page.evaluate(`location.hash = '#${other.stash.id}'`)
    await row('a').locator('.why', { hasText: 'other' }).waitFor()
    expect(await row('a').locator('.now').textContent()).toBe('1')
  })
})

describe('who has access', () => {
  it('follows what is made and revoked elsewhere while it is looked at', async () => {
    const { stash, master } = await furnish()
    const { page } = await open(stash)
    await toView(page, 'Access')
    const labels = page.locator('#tokens .token-label')
    await expect.poll(() => labels.count()).toBe(1)
    await master.grant({ label: 'carol', can: ['write'] })
    await labels.getByText('carol').waitFor()
    const { body } = await master.call('GET', '/tokens')
    const [carol] = (body['tokens'] as { token_id: string; label: string }[]).filter(({ label }) => label === 'carol')
    expect((await master.call('DELETE', `/tokens/${carol?.token_id}`)).status).toBe(200)
    await expect.poll(() => labels.count()).toBe(1)
  })
})
