/** The dashboard's dialogs and addresses: what was typed, shown once or pressed is not lost, and no token stands in a URL. */
import { describe, expect, it } from 'vitest'
import { ownDashboards, stashOnCall } from '../support/own-dashboards.ts'
import { send, url } from '../support/service.ts'

const { openKnown: open, browser } = ownDashboards()

describe('in a dialog', () => {
  it('a secret has the focus, and Escape asks before it is thrown away', async () => {
    const { stash } = await stashOnCall()
    const { page, sheet } = await open(stash)
    await page.getByRole('navigation').getByRole('button', { name: 'Access' }).click()
    await page.getByRole('button', { name: 'New token…' }).click()
    await page.getByLabel('Who or what it is for').fill('pipeline')
    await page.getByRole('button', { name: 'Make the token' }).click()
    await page.locator('.secret:focus').waitFor()
    await page.keyboard.press('Escape')
    await sheet.getByText('Have you kept it?').waitFor()
    expect(await sheet.locator('.secret').textContent()).toMatch(/^swy_/)
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'detached' })
  })

  it('what became of it is never under the buttons, on a small phone', async () => {
    const { stash, master } = await stashOnCall()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await master.call('PUT', '/freeze', { reason: 'a launch '.repeat(20) })
    const { page, sheet, reach } = await open({ id: stash.id, token: bob.token })
    await page.setViewportSize({ width: 360, height: 640 })
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await page.getByLabel('Break the glass').fill('drill')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText('Your token may not break the glass').waitFor()
    await expect.poll(() => page.evaluate(HIDDEN_PX)).toBeLessThanOrEqual(0)
  })

  it('a freeze of some keys is named by them, and not as one of the stash', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PUT', '/freeze', { keys: ['on-*'], reason: 'launch' })
    const { page, sheet, reach } = await open(stash)
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await page.getByRole('button', { name: /^Set to/ }).click()
    // Between isolates, so that no text of others changes the direction of the sentence.
    await sheet.getByText('master froze the keys \u2068on-*\u2069: \u2068launch\u2069.').waitFor()
    await expect.poll(() => page.locator('#frozen').isHidden()).toBe(true)
  })

  it('a change that was given up unknown is repeated when it is pressed again, and not made twice', async () => {
    const { stash, master } = await stashOnCall()
    const { page, sheet, reach } = await open(stash)
    await page.route('**/api/item/**', async (route) => {
      await route.fetch()
      return route.abort('connectionreset')
    })
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText('Not known yet').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await sheet.getByText('Not known', { exact: true }).waitFor()
    await page.unroute('**/api/item/**')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'bob' }).waitFor()
    expect(await master.history('key=on-call')).toHaveLength(2)
  })

  it('a new switch of a name that is taken is refused in words, and leaves the old one as it is', async () => {
    const { stash } = await stashOnCall()
    const { page, sheet } = await open(stash)
    await page.getByRole('button', { name: 'Add a switch…' }).click()
    await sheet.getByLabel('Name').fill('on-call')
    await page.getByLabel('New value').fill('mallory')
    for (let tries = 1; tries <= 2; tries++) {
      await page.getByRole('button', { name: /^Set/ }).click()
      await sheet.getByText('A switch of this name is there already').waitFor()
    }
    expect(await (await send(`/item/${stash.id}/on-call`)).text()).not.toBe('mallory')
  })

  it('what is asked for is shown from how it stands now', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PUT', '/guards/on-call', { type: 'text', approvals: 1 })
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await bob.set('on-call', 'bob')
    const { page, sheet } = await open(stash)
    await page.getByRole('navigation').getByRole('button', { name: 'Waiting' }).click()
    await page.getByRole('button', { name: /^Approve/ }).click()
    await sheet.getByText('alice').waitFor()
    await master.call('DELETE', '/guards/on-call')
    await master.set('on-call', 'carol')
    await sheet.getByText('It has just changed').waitFor()
    expect(await sheet.locator('.what').textContent()).toMatch(/carol.*bob/)
  })

  it('what stays for good is shown as that, before the end of a time-box is dropped', async () => {
    const { stash, master } = await stashOnCall()
    await master.set('maintenance-mode', 'false')
    await master.set('maintenance-mode', 'true', 'for=30m')
    const { page, sheet } = await open(stash)
    await page.getByRole('navigation').getByRole('button', { name: 'Waiting' }).click()
    await page.getByRole('button', { name: /^Do not go back/ }).click()
    await sheet.locator('strong', { hasText: /^maintenance-mode stays true, with no end$/ }).waitFor()
    await sheet.getByText('To end it now, set it to').waitFor()
    expect(await sheet.textContent()).not.toMatch(/→|becomes/)
    await page.getByRole('button', { name: 'Let it stay' }).click()
    await page.locator('#toast', { hasText: 'maintenance-mode stays \u2068true\u2069, with no end.' }).waitFor()
    expect([await stash.read('maintenance-mode'), await master.held()]).toEqual(['true', []])
  })

  it('a refusal whose code is a name that every object has is said as any other', async () => {
    const { stash } = await stashOnCall()
    const { page, sheet, reach } = await open(stash)
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    for (const code of ['constructor', '__proto__', 'toString']) {
      const body = `{"code": "${code}", "title": "No ${code}", "detail": "Not today."}`
      await page.route('**/api/item/**', (route) =>
        route.fulfill({ status: 403, contentType: 'application/problem+json', body }),
      )
      await page.getByRole('button', { name: /^Set to/ }).click()
      await sheet.getByText(`No ${code}`).waitFor()
      expect(await sheet.textContent()).toContain('Not today.')
      await page.unroute('**/api/item/**')
    }
  })

  it('a freeze that ends asks nobody to break the glass', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PUT', '/freeze', { reason: 'launch' })
    const { page, sheet, reach } = await open(stash)
    await page.locator('#frozen').waitFor()
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await sheet.getByLabel('Break the glass').waitFor()
    await master.call('DELETE', '/freeze')
    await sheet.getByLabel('Break the glass').waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'bob' }).waitFor()
    expect((await master.history('limit=1'))[0]).not.toHaveProperty('broke_glass')
  })

  it('a new switch that may only be for a time is told where to begin', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PUT', '/guards/lamp', { type: 'boolean', safe_value: 'false', max_for: '1h' })
    const { page, sheet } = await open(stash)
    await page.getByRole('button', { name: 'Add a switch…' }).click()
    await sheet.getByLabel('Name').fill('lamp')
    await page.getByLabel('New value').fill('true')
    await page.getByRole('button', { name: /^Set/ }).click()
    await sheet.getByText('write "⁨false⁩" first').waitFor()
    await page.getByLabel('New value').fill('false')
    await page.getByRole('button', { name: /^Set/ }).click()
    await page.locator('#toast', { hasText: 'lamp' }).waitFor()
    expect(await stash.read('lamp')).toBe('false')
  })

  it('a long value without a blank scrolls nothing sideways, and a line end stays what it was', async () => {
    const { stash, master } = await stashOnCall()
    await master.set('note', 'one\r\ntwo')
    const { page, sheet, reach, card } = await open(stash)
    await page.setViewportSize({ width: 360, height: 740 })
    await reach('note')
    await page.getByLabel('New value').fill('one\ntwo\nthree')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await card('note').locator('.now', { hasText: 'three' }).waitFor()
    expect(await stash.read('note')).toBe('one\r\ntwo\r\nthree')
    await sheet.waitFor({ state: 'detached' })
    await reach('note')
    await page.getByLabel('New value').fill('x'.repeat(60))
    await page.getByRole('button', { name: 'Make a link' }).click()
    await page.getByRole('button', { name: 'Make the link' }).click()
    await page.locator('.secret').waitFor()
    expect(await page.evaluate(SIDEWAYS_PX)).toBeLessThanOrEqual(0)
  })

  it('JSON that came, or became JSON, while the page was open stays JSON', async () => {
    const { stash, master } = await stashOnCall()
    const { page, card, reach } = await open(stash)
    await master.set('conf', '{"a":1}', '', { 'Content-Type': 'application/json' })
    await card('conf').waitFor()
    await master.set('on-call', '{"a":1}', '', { 'Content-Type': 'application/json' })
    await card('on-call').locator('.now', { hasText: '{' }).waitFor()
    await reach('on-call')
    await page.getByLabel('New value').fill('{"a":3}')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'on-call is' }).waitFor()
    expect((await send(`/item/${stash.id}/on-call?min_revision=4`)).headers.get('Content-Type')).toBe(
      'application/json',
    )
    await reach('conf')
    await page.getByLabel('New value').fill('{"a":2}')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'conf is' }).waitFor()
    const item = await send(`/item/${stash.id}/conf?min_revision=5`)
    expect([item.headers.get('Content-Type'), await item.text()]).toEqual(['application/json', '{"a":2}'])
  })
})

/** Written out: how far the dialog could be scrolled sideways. */
const SIDEWAYS_PX = `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('dialog.sheet'))`

/** Written out: how much of the outcome lies under the buttons. */
const HIDDEN_PX = `document.querySelector('.outcome').getBoundingClientRect().bottom - document.querySelector('.sheet .actions').getBoundingClientRect().top`

describe('addresses', () => {
  it('that decode to nothing open the page; a token in a query is taken out and warned of', async () => {
    const { stash } = await stashOnCall()
    const page = await browser().newPage()
    await page.goto(`${url}/#%E0%A4%A`)
    await page.getByRole('button', { name: 'Connect' }).waitFor()
    await page.goto(`${url}/?token=${stash.token}#${stash.id}`)
    await page.getByText(/no secret any more/).waitFor()
    expect(page.url()).toBe(`${url}/#${stash.id}`)
    await page.close()
  })
})
