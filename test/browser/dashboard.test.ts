/** The drill at seven o'clock: what an operator does with the dashboard, as a person does it, in a real Chromium. */
import { describe, expect, it } from 'vitest'
import { listen, toView, type Dashboard } from '../support/dashboard.ts'
import { operatorOf } from '../support/operator.ts'
import { ownDashboards } from '../support/own-dashboards.ts'
import { newStash, send, url } from '../support/service.ts'

const { open, browser } = ownDashboards()

/** A stash with the usual three switches, two of them guarded. */
async function furnish() {
  const stash = await newStash({ name: 'drill' })
  const master = operatorOf(send, stash, stash.token)
  await master.call('PATCH', '/flags', { 'maintenance-mode': 'false', 'traffic-target': 'blue', 'on-call': 'alice' })
  await master.call('PUT', '/guards/maintenance-mode', { type: 'boolean', safe_value: 'false', max_for: '1h' })
  await master.call('PUT', '/guards/traffic-target', { type: 'choice', choices: ['blue', 'green'], approvals: 1 })
  return { stash, master }
}

/** Written out: it runs in the page. */
const FOCUSED_ROLE = `document.activeElement?.getAttribute('role')`

const now = ({ row }: Dashboard, key: string) => row(key).locator('.now').textContent()
const becomes = (dashboard: Dashboard, key: string, value: string) =>
  dashboard
    .row(key)
    .locator('.now', { hasText: new RegExp(`^${value}$`) })
    .waitFor()

describe('the drill', () => {
  it('flips with a duration, is seen elsewhere, goes back by itself, is undone', async () => {
    const { stash, master } = await furnish()
    const mine = await open(stash)
    const theirs = await open({ id: stash.id })
    await mine.reach('maintenance-mode')
    await mine.page.getByLabel('For how long', { exact: true }).selectOption('other')
    await mine.page.getByLabel('How long exactly').fill('4s')
    await mine.page.getByLabel(/^Reason/).fill('drill')
    expect(await now(mine, 'maintenance-mode')).toBe('false')
    await mine.page.getByRole('button', { name: /^Set to .*true.* for 4 s$/ }).click()

    await becomes(theirs, 'maintenance-mode', 'true')
    await becomes(mine, 'maintenance-mode', 'true')
    expect(await stash.read('maintenance-mode')).toBe('true')
    await mine
      .row('maintenance-mode')
      .locator('.until', { hasText: /back to .false. in \d/ })
      .waitFor()
    await becomes(theirs, 'maintenance-mode', 'false')
    expect(await stash.read('maintenance-mode')).toBe('false')
    const [back, flip] = await master.history('limit=2')
    expect(back).toMatchObject({ kind: 'revert', ends: flip?.revision })
    expect(flip).toMatchObject({ kind: 'put', reason: 'drill' })

    await mine.reach('on-call')
    await mine.page.getByLabel('New value').fill('bob')
    await mine.page.getByRole('button', { name: /^Set to/ }).click()
    await becomes(theirs, 'on-call', 'bob')
    await toView(mine.page, 'History')
    const { revision = 0 } = (await master.history('limit=1'))[0] ?? {}
    await mine.page.getByRole('button', { name: `Undo revision ${revision}` }).click()
    await mine.page.getByRole('button', { name: 'Undo it' }).click()
    await becomes(theirs, 'on-call', 'alice')
    expect((await master.history('limit=1'))[0]).toMatchObject({ kind: 'undo', undoes: revision })
  })

  it('says to whoever opens it in the middle until when, by what is asked at the start', async () => {
    const { stash, master } = await furnish()
    await master.set('maintenance-mode', 'true', 'for=30m')
    const mine = await open(stash)
    await mine.page.route('**/held?*', (route) => route.abort())
    const until = mine.row('maintenance-mode').locator('.until', { hasText: /back to .false. in \d/ })
    await expect.poll(() => until.isVisible()).toBe(true)
  })

  it('holds what takes a second person, whom another token makes; the first is told why it cannot be', async () => {
    const { stash, master } = await furnish()
    const second = await master.grant({ label: 'bob', can: ['write', 'approve'] })
    const mine = await open(stash)
    const bobs = await open({ id: stash.id, token: second.token })
    await mine.reach('traffic-target')
    await mine.page.getByLabel('New value').selectOption('green')
    await mine.page.getByLabel(/^Reason/).fill('blue is slow')
    await mine.sheet.getByText('a second person has to approve this').waitFor()
    await mine.page.getByRole('button', { name: /^Ask for .*green/ }).click()
    await mine.page.locator('#toast', { hasText: 'a second person has to approve it' }).waitFor()
    await mine.page.getByRole('button', { name: 'See pending' }).click()
    // The service would refuse it, so nothing offers it.
    await mine.page.locator('#held li.item', { hasText: 'traffic-target' }).waitFor()
    await expect.poll(() => mine.page.getByRole('button', { name: /^Approve/ }).count()).toBe(0)
    expect(await mine.page.locator('#badge').count()).toBe(0)
    expect(await stash.read('traffic-target')).toBe('blue')

    await bobs.page.locator('#badge', { hasText: '1' }).waitFor()
    await toView(bobs.page, 'Pending')
    await bobs.page.getByRole('button', { name: 'Approve… traffic-target' }).click()
    await bobs.page.getByRole('button', { name: 'Approve and apply' }).click()
    await toView(mine.page, 'Switches')
    await becomes(mine, 'traffic-target', 'green')
    expect(await stash.read('traffic-target')).toBe('green')
    expect((await master.history('limit=1'))[0]).toMatchObject({
      approved_by: { label: 'bob' },
      reason: 'blue is slow',
    })
  })

  it('freezes, says so, goes through with a reason, and ends the freeze', async () => {
    const { stash, master } = await furnish()
    const mine = await open(stash)
    await mine.page.getByRole('button', { name: 'Freeze…' }).click()
    await mine.page.getByLabel(/^Reason/).fill('launch')
    await mine.page.getByRole('button', { name: 'Freeze all switches' }).click()
    await mine.page.locator('#frozen', { hasText: 'launch' }).waitFor()
    await mine.reach('on-call')
    await mine.page.getByLabel('New value').fill('carol')
    await mine.page.getByLabel('Reason to override the freeze').fill('Übergabe 🎉')
    await mine.page.getByRole('button', { name: /^Set to/ }).click()
    await becomes(mine, 'on-call', 'carol')
    expect((await master.history('limit=1'))[0]).toMatchObject({ broke_glass: { why: 'Übergabe 🎉' } })
    await mine.page.getByRole('button', { name: 'End the freeze…' }).click()
    await mine.page.getByRole('button', { name: 'End the freeze', exact: true }).click()
    await mine.page.locator('#frozen').waitFor({ state: 'hidden' })
    expect((await master.set('on-call', 'alice')).status).toBe(200)
  })

  it('goes by the keyboard alone', async () => {
    const { stash } = await furnish()
    const { page, ...mine } = await open(stash)
    await page.locator('.row .lever:visible').waitFor()
    for (let i = 0; i < 40; i++) {
      if ((await page.evaluate(FOCUSED_ROLE)) === 'switch') break
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await mine.sheet.waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.type('by hand')
    await page.keyboard.press('Enter')
    await becomes({ page, ...mine }, 'maintenance-mode', 'true')
    // Back where it began, so that the next press is not somewhere else.
    expect(await page.evaluate(FOCUSED_ROLE)).toBe('switch')
  })
})

describe('what goes wrong', () => {
  it('a change that was made for another value is refused, shown, and then made on purpose', async () => {
    const { stash, master } = await furnish()
    const mine = await open(stash)
    await mine.page.locator('.row .who').first().waitFor()
    await mine.reach('on-call')
    await mine.page.getByLabel('New value').fill('carol')
    await master.set('on-call', 'bob')
    await mine.sheet.getByText(/just changed.*bob/).waitFor()
    await mine.page.getByRole('button', { name: /^Set to/ }).click()
    await mine.sheet.getByText('It changed while you were looking').waitFor()
    expect(await stash.read('on-call')).toBe('bob')
    await mine.page.getByRole('button', { name: /I have seen it/ }).click()
    await mine.page.getByRole('button', { name: /^Set to/ }).click()
    await becomes(mine, 'on-call', 'carol')
  })

  it('a connection that breaks in mid-flip: the answer is lost, the repeat counts once, and it says so', async () => {
    const { stash, master } = await furnish()
    const mine = await open(stash)
    await mine.page.locator('.row .who').first().waitFor()
    const keys: (string | undefined)[] = []
    await mine.page.route('**/api/item/**', async (route) => {
      if (route.request().url().includes('dry_run')) return route.continue()
      keys.push(route.request().headers()['idempotency-key'])
      if (keys.length > 1) return route.continue()
      // It arrives; the answer does not.
      await route.fetch()
      return route.abort('connectionreset')
    })
    await mine.reach('on-call')
    await mine.page.getByLabel('New value').fill('dave')
    await mine.page.getByRole('button', { name: /^Set to/ }).click()
    await mine.sheet.getByText('Not known yet').waitFor()
    await mine.page.getByRole('button', { name: 'Try again now' }).click()
    await mine.page.locator('#toast', { hasText: 'it was repeated, and counted once' }).waitFor()
    expect(new Set(keys).size).toBe(1)
    expect(keys.length).toBeGreaterThan(1)
    const entries = await master.history('key=on-call')
    expect(entries.map(({ kind }) => kind)).toEqual(['put', 'patch'])
    expect(await stash.read('on-call')).toBe('dave')
  })

  it('a lost stream: values look old, it says since when, and catches up', async () => {
    const { stash } = await furnish()
    const mine = await open(stash)
    await mine.page.context().setOffline(true)
    await mine.page.getByText(/^No connection since \d\d:\d\d/).waitFor()
    await mine.page.locator('#app .stale').waitFor()
    await stash.put('on-call', 'erin')
    expect(await now(mine, 'on-call')).toBe('alice')
    await mine.page.context().setOffline(false)
    await becomes(mine, 'on-call', 'erin')
    await mine.page.locator('#app .stash:not(.stale)').waitFor()
    await mine.page.locator('#trouble').waitFor({ state: 'hidden' })
  })

  it('a token that is revoked: the page falls back to reading, says so, and forgets it', async () => {
    const { stash, master } = await furnish()
    const second = await master.grant({ label: 'bob', can: ['write'] })
    const bobs = await open({ id: stash.id, token: second.token })
    await bobs.page.locator('.row .who').first().waitFor()
    const list = (await master.call('GET', '/tokens')).body['tokens'] as { token_id: string; label: string }[]
    await master.call('DELETE', `/tokens/${list.find(({ label }) => label === 'bob')?.token_id}`)
    await bobs.page
      .getByText(/read-only now/)
      .first()
      .waitFor()
    await bobs.page.getByText('Read-only', { exact: true }).waitFor()
    expect(await bobs.page.locator('.lever:visible, .change:visible').count()).toBe(0)
    expect(await bobs.page.evaluate(() => sessionStorage.length)).toBe(0)
    await stash.put('on-call', 'frank')
    await becomes(bobs, 'on-call', 'frank')
  })

  it('a stash that is deleted: it says so, and offers nothing that cannot be done', async () => {
    const { stash, master } = await furnish()
    await master.set('maintenance-mode', 'true', 'for=30m')
    const mine = await open(stash)
    await mine.row('maintenance-mode').locator('.until:visible').waitFor()
    expect((await master.call('DELETE', '')).status).toBe(200)
    await mine.page.getByText('The stash was deleted').waitFor()
    const offered = mine.page.locator('main button:visible, .banner button:visible, .until:visible')
    expect(await offered.allInnerTexts()).toEqual([])
  })

  it('a token in the address is not used, and taken out of it', async () => {
    const { stash } = await furnish()
    const page = await browser().newPage()
    const complaints = listen(page)
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.headers()['authorization'] ?? ''))
    await page.goto(`${url}/#${stash.id}:${stash.token}`)
    await page.getByText(/no secret any more/).waitFor()
    expect(page.url()).toBe(`${url}/#/s/${stash.id}`)
    expect(asked.join('')).toBe('')
    expect(complaints).toEqual([])
    await page.close()
  })

  it('refusals are said in words: a wrong token, no such stash, a guard', async () => {
    const { stash, master } = await furnish()
    await master.call('PUT', '/guards/on-call', { type: 'text', max_length: 5, reason_required: true })
    const mine = await open(stash)
    await mine.page.locator('.row .who').first().waitFor()
    await mine.reach('on-call')
    await mine.page.getByLabel('New value').fill('much too long')
    await mine.page.getByLabel(/^Reason/).fill('drill')
    await mine.page.getByRole('button', { name: /^Set to/ }).click()
    await mine.sheet.getByText(/takes at most 5 characters|takes 0 to 5 characters/).waitFor()
    expect(await stash.read('on-call')).toBe('alice')

    const page = await browser().newPage()
    await page.goto(url)
    await page.getByLabel('Stash', { exact: true }).fill('a'.repeat(64))
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByText('There is no such stash').waitFor()
    await page.getByLabel('Stash', { exact: true }).fill(`${url}/#${stash.id}`)
    await page.getByLabel('Token', { exact: true }).fill('swy_nonsense')
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByText('The token is not valid here').waitFor()
    await page.close()
  })
})

describe('secrets', () => {
  it('are made and shown once: a token that works, and a link that does what it says', async () => {
    const { stash } = await furnish()
    const mine = await open(stash)
    await toView(mine.page, 'Access')
    await mine.page.getByRole('button', { name: 'New token…' }).click()
    await mine.page.getByLabel('Who or what it is for').fill('pipeline')
    await mine.page.getByLabel('For which switches').fill('on-*')
    await mine.page.getByRole('button', { name: /^(?:Make|Create) the token$/ }).click()
    const token = (await mine.page.locator('.secret').textContent()) ?? ''
    await mine.page.getByRole('button', { name: 'Done' }).click()
    const pipeline = operatorOf(send, stash, token)
    expect((await pipeline.set('on-call', 'gina')).status).toBe(200)
    expect((await pipeline.set('maintenance-mode', 'true')).status).toBe(403)

    await toView(mine.page, 'Switches')
    await mine.reach('on-call')
    await mine.page.getByLabel('New value').fill('henry')
    await mine.page.getByRole('button', { name: 'Make a link…' }).click()
    await mine.page.getByRole('button', { name: 'Make the link' }).click()
    const link = (await mine.page.locator('.secret').textContent()) ?? ''
    await mine.page.getByRole('button', { name: 'Done' }).click()
    await mine.sheet.waitFor({ state: 'detached' })
    expect(await mine.page.content()).not.toContain(link)
    expect((await fetch(link, { method: 'POST' })).status).toBe(200)
    await becomes(mine, 'on-call', 'henry')
    expect(mine.page.url()).not.toContain('swy_')
  })
})
