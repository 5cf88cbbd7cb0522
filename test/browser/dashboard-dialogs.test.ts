/** The dashboard's dialogs and addresses: what was typed, shown once or pressed is not lost, and no token stands in a URL. */
import { describe, expect, it } from 'vitest'
import { CHANGES, toView } from '../support/dashboard.ts'
import { ownDashboards, stashOnCall } from '../support/own-dashboards.ts'
import { send, url } from '../support/service.ts'

const { openKnown: open, browser } = ownDashboards()

describe('in a dialog', () => {
  it('a secret has the focus, and Escape asks before it is thrown away', async () => {
    const { stash } = await stashOnCall()
    const { page, sheet } = await open(stash)
    await toView(page, 'Access')
    await page.getByRole('button', { name: 'New token…' }).click()
    await page.getByLabel('Who or what it is for').fill('pipeline')
    await page.getByRole('button', { name: /^(?:Make|Create) the token$/ }).click()
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
    const { page, sheet, reach } = await open({ id: stash.id, token: bob.token })
    await page.setViewportSize({ width: 360, height: 640 })
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await master.call('PUT', '/freeze', { reason: 'a launch '.repeat(20) })
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.locator('.outcome').getByText('Your token may not override a freeze').waitFor()
    await expect.poll(() => page.evaluate(HIDDEN_PX)).toBeLessThanOrEqual(0)
    expect(await sheet.getByRole('link', { name: 'What this means' }).getAttribute('href')).toBe('/docs#frozen')
  })

  it('a press counts that began before the answer to what would happen was drawn', async () => {
    const { stash } = await stashOnCall()
    const { page, sheet, reach } = await open(stash)
    await page.setViewportSize({ width: 1280, height: 800 })
    const isPressed = Promise.withResolvers<void>()
    await page.route(/dry_run=1/, async (route) => {
      await isPressed.promise
      await route.continue()
    })
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await sheet.getByRole('button', { name: /^Set to .*bob/ }).hover()
    await page.mouse.down()
    isPressed.resolve()
    await sheet.locator('.preview').getByText('This will happen').waitFor()
    await page.mouse.up()
    await sheet.waitFor({ state: 'detached' })
    expect(await stash.read('on-call')).toBe('bob')
  })

  it('what would happen is asked again after each revision: a freeze, a rule, the end of the stash', async () => {
    const { stash, master } = await stashOnCall()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    const { page, sheet, reach } = await open({ id: stash.id, token: bob.token })
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    const preview = sheet.locator('.preview')
    await preview.getByText('This will happen').waitFor()
    await master.call('PUT', '/freeze', { reason: 'launch' })
    await preview.getByText('would be refused: A freeze stops this change').waitFor()
    await master.call('DELETE', '/freeze')
    await preview.getByText('This will happen').waitFor()
    await master.call('PUT', '/guards/on-call', { type: 'text', min_length: 5 })
    await preview.getByText('would be refused: Its rules do not allow this value').waitFor()
    await master.call('DELETE', '')
    await preview.getByText('This stash does not exist any more').waitFor()
    expect(await sheet.getByText('This will happen').count()).toBe(0)
  })

  it('a freeze of some keys is named by them, and not as one of the stash', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PUT', '/freeze', { keys: ['on-*'], reason: 'launch' })
    const { page, sheet, reach } = await open(stash)
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    // Between isolates, so that no text of others changes the direction of the sentence.
    await sheet.locator('.preview').getByText('master froze the keys \u2068on-*\u2069: \u2068launch\u2069.').waitFor()
    await page.locator('.banner', { hasText: 'Frozen: \u2068on-*\u2069' }).waitFor()
    await expect.poll(() => page.locator('#frozen').isHidden()).toBe(true)
    expect(await page.locator('.row .is-frozen').count()).toBe(1)
  })

  it.each(['a click', 'Enter'])(
    'a change that was given up unknown is repeated when it is pressed again, and not made twice: by %s',
    async (by) => {
      const { stash, master } = await stashOnCall()
      const { page, sheet, reach } = await open(stash)
      await page.route(CHANGES, async (route) => {
        await route.fetch()
        return route.abort('connectionreset')
      })
      await reach('on-call')
      await page.getByLabel('New value').fill('bob')
      await page.getByLabel(/^Reason/).fill('drill')
      if (by === 'Enter') await page.keyboard.press('Enter')
      else await page.getByRole('button', { name: /^Set to/ }).click()
      await sheet.getByText('Not known yet').waitFor()
      await page.getByRole('button', { name: 'Stop' }).click()
      await sheet.getByText('Not known', { exact: true }).waitFor()
      await page.unroute(CHANGES)
      await page.getByRole('button', { name: /^Set to/ }).click()
      await page.locator('#toast', { hasText: 'bob' }).waitFor()
      expect(await master.history('key=on-call')).toHaveLength(2)
    },
  )

  it('a change without an answer is not repeated for more than two minutes: then the person decides', async () => {
    const { stash, master } = await stashOnCall()
    const { page, sheet, reach } = await open(stash)
    const sent: (string | undefined)[] = []
    await page.route(CHANGES, (route) => {
      sent.push(route.request().headers()['idempotency-key'])
      return route.abort('connectionreset')
    })
    await page.clock.install()
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText('Not known yet').waitFor()
    for (let seconds = 0; seconds < 150; seconds += 10) {
      await page.clock.runFor(10_000)
      // The answers come in time of their own.
      await page.evaluate('fetch("/healthz").then(() => 0)')
    }
    await sheet.getByText('Not known', { exact: true }).waitFor()
    await sheet.getByText('Look at the switch before you do it again').waitFor()
    const tries = sent.length
    expect(tries).toBeGreaterThan(8)
    await page.unroute(CHANGES)
    await page.clock.runFor(600_000)
    expect([sent.length, await stash.read('on-call')]).toEqual([tries, 'alice'])

    const request = page.waitForRequest(CHANGES)
    await page.getByRole('button', { name: /^Set to/ }).click()
    sent.push((await request).headers()['idempotency-key'])
    await page.locator('#toast', { hasText: 'bob' }).waitFor()
    expect(new Set(sent).size).toBe(1)
    expect((await master.history('limit=1'))[0]).toMatchObject({ changes: [{ key: 'on-call', after: 'bob' }] })
  })

  it('what is asked for is shown from how it stands now', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PUT', '/guards/on-call', { type: 'text', approvals: 1 })
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await bob.set('on-call', 'bob')
    const { page, sheet } = await open(stash)
    await toView(page, 'Pending')
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
    await toView(page, 'Pending')
    await page
      .getByRole('button', { name: /^Keep it with no end/ })
      .first()
      .click()
    await sheet.locator('strong', { hasText: /^maintenance-mode stays true, with no end$/ }).waitFor()
    await sheet.getByText('To end it now, set it to').waitFor()
    expect(await sheet.textContent()).not.toMatch(/→|becomes/)
    await sheet.getByRole('button', { name: 'Keep it with no end' }).click()
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
      await page.route(CHANGES, (route) =>
        route.fulfill({ status: 403, contentType: 'application/problem+json', body }),
      )
      await page.getByRole('button', { name: /^Set to/ }).click()
      await sheet.getByText(`No ${code}`).waitFor()
      expect(await sheet.textContent()).toContain('Not today.')
      await page.unroute(CHANGES)
    }
  })

  it('a freeze that ends asks nobody to override it', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PUT', '/freeze', { reason: 'launch' })
    const { page, sheet, reach } = await open(stash)
    await page.locator('#frozen').waitFor()
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await sheet.getByLabel('Reason to override the freeze').waitFor()
    await master.call('DELETE', '/freeze')
    await sheet.getByLabel('Reason to override the freeze').waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'bob' }).waitFor()
    expect((await master.history('limit=1'))[0]).not.toHaveProperty('broke_glass')
  })

  it('a long value without a blank scrolls nothing sideways, and a line end stays what it was', async () => {
    const { stash, master } = await stashOnCall()
    await master.set('note', 'one\r\ntwo')
    const { page, sheet, reach, row } = await open(stash)
    await page.setViewportSize({ width: 360, height: 740 })
    await reach('note')
    await page.getByLabel('New value').fill('one\ntwo\nthree')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await row('note').locator('.now', { hasText: 'three' }).waitFor()
    expect(await stash.read('note')).toBe('one\r\ntwo\r\nthree')
    await sheet.waitFor({ state: 'detached' })
    await reach('note')
    await page.getByLabel('New value').fill('x'.repeat(60))
    await page.getByRole('button', { name: 'Make a link…' }).click()
    await page.getByRole('button', { name: 'Make the link' }).click()
    await page.locator('.secret').waitFor()
    expect(await page.evaluate(SIDEWAYS_PX)).toBeLessThanOrEqual(0)
  })

  it('JSON that came, or became JSON, while the page was open stays JSON', async () => {
    const { stash, master } = await stashOnCall()
    const { page, row, reach } = await open(stash)
    await master.set('conf', '{"a":1}', '', { 'Content-Type': 'application/json' })
    await row('conf').waitFor()
    await master.set('on-call', '{"a":1}', '', { 'Content-Type': 'application/json' })
    await row('on-call').locator('.now', { hasText: '{' }).waitFor()
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
    await page.getByRole('button', { name: 'Open', exact: true }).waitFor()
    await page.goto(`${url}/?token=${stash.token}#${stash.id}`)
    await page.getByText(/no secret any more/).waitFor()
    expect(page.url()).toBe(`${url}/#/s/${stash.id}`)
    await page.close()
  })
})
