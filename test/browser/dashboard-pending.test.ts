/** Pending changes, as people with different tokens see them: approved, declined, cancelled, kept. */
import { describe, expect, it } from 'vitest'
import { as, dialog, furnish, section, toast } from '../support/dashboard-views.ts'
import { nextWeek } from '../support/operator.ts'
import { ownPages } from '../support/own-pages.ts'
import { send, url } from '../support/service.ts'

const { openStash: open } = ownPages()

describe('a second person', () => {
  it('is invited with the master token, sees what needs them, and approves it; the first one is told to wait', async () => {
    const { stash, dana } = await furnish()
    const mine = await open(as(stash, dana), '/access')
    await mine.getByRole('button', { name: 'Invite a person…' }).click()
    await mine.getByLabel('Their name').fill('Bob')
    const invite = () => mine.getByRole('button', { name: 'Invite', exact: true }).click()
    // One's own token would make a token that counts as oneself.
    await mine.getByLabel('Master token', { exact: true }).fill(dana.token)
    await invite()
    await dialog(mine).getByText('This is not a master token').waitFor()
    await mine.getByLabel('Master token', { exact: true }).fill(stash.token)
    await invite()
    const bobsToken = (await dialog(mine).locator('.secret').textContent()) ?? ''
    expect(await dialog(mine).locator('.address').textContent()).toBe(`${url}/#/s/${stash.id}`)
    await mine.getByRole('button', { name: 'Done' }).click()
    await mine.locator('#tokens', { hasText: 'Bob' }).waitFor()
    expect(await mine.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))).not.toContain(stash.token)

    await dana.set('shop.traffic-target', 'green', 'reason=blue+is+slow')
    await mine.goto(`${url}/#/s/${stash.id}/pending`)
    const waiting = section(mine, 'Waiting for another person')
    await waiting.getByText('You asked for this. Another person has to approve it.').waitFor()
    expect(await mine.getByRole('button', { name: /^Approve/ }).count()).toBe(0)

    const bobs = await open({ id: stash.id, token: bobsToken }, '/pending')
    const needs = section(bobs, 'Needs you')
    await needs.locator('.what', { hasText: /blue.*green/ }).waitFor()
    await needs.getByRole('button', { name: 'Approve… shop.traffic-target' }).click()
    await dialog(bobs).getByRole('heading', { name: 'Approve this change?' }).waitFor()
    await bobs.getByRole('button', { name: 'Approve and apply' }).click()
    await toast(bobs, /Approved: .*shop\.traffic-target/)
    expect(await stash.read('shop.traffic-target')).toBe('green')
    await bobs.getByText('Nothing is pending.').waitFor()
  })

  it('is invited with the admin token: it is said before what that ends, and the new master token is shown', async () => {
    const { stash, dana } = await furnish()
    const page = await open(as(stash, dana), '/access')
    let recovered = 0
    // The service of the tests has no admin token. The rest is its own answer.
    await page.route('**/tokens/recover', (route) => {
      recovered++
      const answer = {
        token_id: '0'.repeat(16),
        token: stash.token,
        master_token: stash.token,
        leaves: [],
        revision: 1,
      }
      return route.fulfill({ json: { ...answer, message: 'New master token' } })
    })
    await page.getByRole('button', { name: 'Invite a person…' }).click()
    await page.getByText('I have only the admin token').click()
    await dialog(page).getByText('Every older master token stops working at once.').waitFor()
    await page.getByLabel('Admin token').fill('an admin token')
    await page.getByLabel('Their name').fill('Dana')
    await page.getByRole('button', { name: 'Replace the master token, and invite' }).click()
    await dialog(page).getByText('This name is taken').waitFor()
    // It was made already: another press makes no other one.
    expect(await dialog(page).locator('.secret').textContent()).toBe(stash.token)
    await page.getByLabel('Their name').fill('Bob')
    await page.getByRole('button', { name: 'Invite', exact: true }).click()
    await expect.poll(() => dialog(page).locator('.secret').count()).toBe(2)
    expect(recovered).toBe(1)
    expect(await dialog(page).locator('.secret').last().textContent()).toBe(stash.token)
  })

  it('is shown a request from how it stands now, and declines it', async () => {
    const { stash, master, dana } = await furnish()
    const bob = await master.grant({ label: 'Bob', can: ['approve'] })
    await dana.set('shop.traffic-target', 'green')
    const page = await open(as(stash, bob), '/pending')
    await page.getByRole('button', { name: /^Approve…/ }).click()
    await dialog(page)
      .locator('.what', { hasText: /blue.*green/ })
      .waitFor()
    await master.call('PUT', '/guards/shop.traffic-target', { type: 'choice', choices: ['blue', 'green', 'red'] })
    await master.set('shop.traffic-target', 'red')
    await dialog(page).getByText('It has just changed').waitFor()
    expect(await dialog(page).locator('.what').textContent()).toMatch(/red.*green/)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: /^Decline…/ }).click()
    await page.getByRole('button', { name: 'Decline it' }).click()
    await toast(page, 'Declined')
    expect(await master.held()).toEqual([])
  })

  it('two traffic switches are asked for together, and approved as one revision', async () => {
    const { stash, master, dana } = await furnish()
    const bob = await master.grant({ label: 'Bob', can: ['write', 'approve'] })
    const mine = await open(as(stash, dana), '')
    await mine.getByRole('button', { name: 'Select', exact: true }).click()
    for (const key of ['shop.traffic-target', 'mail.traffic-target'])
      await mine.getByLabel(`Select ${key}`, { exact: true }).check()
    await mine.getByRole('button', { name: 'Change together…' }).click()
    await mine.getByLabel('New value for all 2').selectOption('green')
    await dialog(mine).getByText('a second person has to approve this').waitFor()
    expect(await dialog(mine).locator('.preview .what li').count()).toBe(2)
    await mine.getByRole('button', { name: 'Ask to set 2 switches' }).click()
    await toast(mine, '2 switches not changed yet')
    await mine.getByRole('region', { name: 'Selection' }).waitFor({ state: 'detached' })
    expect(await master.held()).toHaveLength(1)

    const bobs = await open(as(stash, bob), '/pending')
    await expect.poll(() => section(bobs, 'Needs you').locator('.what li').count()).toBe(2)
    await bobs.getByRole('button', { name: /^Approve…/ }).click()
    await bobs.getByRole('button', { name: 'Approve and apply' }).click()
    await toast(bobs, 'Approved')
    const [entry] = await master.history('limit=1')
    expect(entry?.changes.map(({ key, after }) => [key, after]).sort()).toEqual([
      ['mail.traffic-target', 'green'],
      ['shop.traffic-target', 'green'],
    ])
  })
})

describe('what happens by itself', () => {
  it('a time-box can be ended now, or kept with no end, in words that say which', async () => {
    const { stash, master, dana } = await furnish()
    await dana.set('maintenance-mode', 'true', 'for=30m&reason=drain')
    const page = await open(as(stash, dana), '/pending')
    const row = section(page, 'Waiting for a time or a link').locator('li.item')
    await row.getByText(/goes back to.*false.*in \d+ min/).waitFor()
    await row.getByRole('button', { name: 'End it now… maintenance-mode' }).click()
    await page.getByRole('button', { name: /^Set to .*false/ }).waitFor()
    await page.keyboard.press('Escape')
    await row.getByRole('button', { name: 'Keep it with no end… maintenance-mode' }).click()
    await dialog(page)
      .locator('strong', { hasText: /^maintenance-mode stays true, with no end$/ })
      .waitFor()
    await dialog(page).getByText('To end it now, set it to').waitFor()
    expect(await dialog(page).textContent()).not.toMatch(/→|becomes/)
    await page.getByRole('button', { name: 'Keep it with no end', exact: true }).click()
    await toast(page, 'maintenance-mode stays \u2068true\u2069, with no end.')
    expect([await stash.read('maintenance-mode'), await master.held()]).toEqual(['true', []])
  })

  it('a rule that bounds the time offers no press that the service would refuse', async () => {
    const { stash, master, dana } = await furnish()
    await master.call('PUT', '/guards/maintenance-mode', { type: 'boolean', safe_value: 'false', max_for: '1h' })
    await dana.set('maintenance-mode', 'true', 'for=30m')
    const page = await open(as(stash, dana), '/pending')
    await page.getByText('Its rules limit how long it may stay at this value.').waitFor()
    await page.getByRole('button', { name: /^End it now/ }).waitFor()
    expect(await page.getByRole('button', { name: /^Keep/ }).count()).toBe(0)
  })

  it('a schedule and a link are cancelled', async () => {
    const { stash, master, dana } = await furnish()
    await dana.set('on-call', 'bob', `at=${nextWeek()}`)
    await send(`/item/${stash.id}/maintenance-mode/presign`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${dana.token}` },
      body: 'true',
    })
    const page = await open(as(stash, dana), '/pending')
    await page.getByText(/happens in [67] d/).waitFor()
    await page.getByRole('button', { name: 'Cancel… on-call' }).click()
    await page.getByRole('button', { name: 'Cancel the change' }).click()
    await toast(page, 'Cancelled: it will not happen.')
    await page.getByRole('button', { name: 'Cancel… maintenance-mode' }).click()
    await page.getByRole('button', { name: 'Cancel the link' }).click()
    await page.getByText('Nothing is pending.').waitFor()
    expect(await master.held()).toEqual([])
  })
})

describe('a freeze', () => {
  it('takes away what it would refuse, unless the token may override it', async () => {
    const { stash, master, dana } = await furnish()
    const bob = await master.grant({ label: 'Bob', can: ['write', 'approve'] })
    const ann = await master.grant({ label: 'Ann', can: ['write', 'approve', 'break_glass'] })
    await dana.set('shop.traffic-target', 'green')
    await dana.set('maintenance-mode', 'true', 'for=30m')
    await master.call('PUT', '/freeze', { reason: 'launch' })
    const bobs = await open(as(stash, bob), '/pending')
    await section(bobs, 'Needs you').getByText('A freeze stops this change.').waitFor()
    await section(bobs, 'Waiting for a time or a link').getByText('It still ends by itself.').waitFor()
    expect(await bobs.locator('#held').getByRole('button').allTextContents()).toEqual(['Decline… shop.traffic-target'])
    await bobs.getByRole('navigation').getByRole('link', { name: 'History' }).click()
    await bobs.locator('.entry').first().waitFor()
    expect(await bobs.locator('.entry').getByRole('button').count()).toBe(0)

    const anns = await open(as(stash, ann), '/pending')
    await anns.getByRole('button', { name: /^Approve…/ }).click()
    await anns.getByLabel('Reason to override the freeze').fill('outage')
    await anns.getByRole('button', { name: 'Approve and apply' }).click()
    await toast(anns, 'Approved')
    expect((await master.history('limit=1'))[0]).toMatchObject({ broke_glass: { why: 'outage' } })
  })
})

describe('more approvals than are asked about', () => {
  it('are counted alike by the badge and the view, and not offered any more when their requester is gone', async () => {
    const { stash, master, dana } = await furnish()
    const bob = await master.grant({ label: 'Bob', can: ['write'] })
    for (let i = 0; i < 31; i++) await bob.set('shop.traffic-target', 'green')
    await bob.set('mail.traffic-target', 'green')
    const page = await open({ id: stash.id, token: dana.token }, '/pending')
    await page.getByRole('heading', { name: 'Needs you 32' }).waitFor()
    await expect.poll(() => page.locator('#badge').textContent()).toBe('32')
    for (const { held_id: id } of (await master.held()).slice(2)) await master.call('DELETE', `/held/${id}`)
    await page.getByRole('heading', { name: 'Needs you 2' }).waitFor()
    const tokens = (await master.call('GET', '/tokens')).body['tokens'] as { token_id: string; label: string }[]
    await master.call('DELETE', `/tokens/${tokens.find(({ label }) => label === 'Bob')?.token_id}`)
    await page.getByText('The token that asked for this was revoked').first().waitFor()
    await page.getByRole('heading', { name: 'Waiting for another person 2' }).waitFor()
    expect(await page.locator('#badge').count()).toBe(0)
  })
})
