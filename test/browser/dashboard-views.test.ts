/** What is pending, what happened and who has access, as people with different tokens see it; and several switches in one press. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { listen } from '../support/dashboard.ts'
import { nextWeek, operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'
import type { Stash } from '../support/stash.ts'

let browser: Browser
let pages: { page: Page; complaints: string[] }[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterEach(async () => {
  const complaints = pages.flatMap((opened) => opened.complaints)
  for (const { page } of pages) await page.context().close()
  pages = []
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`)
})
afterAll(() => browser.close())

/** Opens a view with this token, as in a tab in which it was used before. @param path after the stash: `/pending` */
async function open(
  { id, token }: { id: string; token?: string },
  path: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  if (token !== undefined) {
    const entry = JSON.stringify([`switchyard:token:${id}`, token])
    // Once: a reload must not bring back a token that was forgotten.
    await context.addInitScript(
      `if (!sessionStorage.getItem('seeded')) { sessionStorage.setItem('seeded', '1'); sessionStorage.setItem(...${entry}) }`,
    )
  }
  const page = await context.newPage()
  pages.push({ page, complaints: listen(page) })
  await page.goto(`${url}/#/s/${id}${path}`)
  await page.getByText('Live', { exact: true }).waitFor()
  return page
}

/** Two traffic switches that need an approval, and one that may be in maintenance for a time. */
async function furnish() {
  const stash = await newStash({ name: 'drill' })
  const master = operatorOf(send, stash, stash.token)
  await master.call('PATCH', '/flags', {
    'shop.traffic-target': 'blue',
    'mail.traffic-target': 'blue',
    'maintenance-mode': 'false',
    'on-call': 'alice',
  })
  for (const key of ['shop.traffic-target', 'mail.traffic-target'])
    await master.call('PUT', `/guards/${key}`, { type: 'choice', choices: ['blue', 'green'], approvals: 1 })
  const dana = await master.grant({ label: 'Dana', can: ['write', 'approve', 'freeze', 'tokens'] })
  return { stash, master, dana }
}

const as = ({ id }: Stash, { token }: { token: string }) => ({ id, token })
const section = (page: Page, name: string) => page.getByRole('region', { name: new RegExp(`^${name}`) })
const toast = (page: Page, text: string | RegExp) => page.locator('#toast', { hasText: text }).waitFor()
const dialog = (page: Page) => page.locator('dialog.sheet')

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

describe('several switches', () => {
  it('of different types have a control each, change in one revision, and may have hostile names', async () => {
    const { stash, master, dana } = await furnish()
    await master.call('PATCH', '/flags', '{"__proto__":"1","toString":"1"}')
    const page = await open(as(stash, dana), '')
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    for (const key of ['__proto__', 'toString', 'maintenance-mode'])
      await page.getByLabel(`Select ${key}`, { exact: true }).check()
    await page.getByRole('button', { name: 'Change together…' }).click()
    await page.getByLabel('New value of __proto__').fill('2')
    await page.getByLabel('New value of toString').fill('3')
    await dialog(page).locator('.preview', { hasText: '__proto__' }).waitFor()
    const before = (await master.history('limit=1'))[0]?.revision ?? 0
    await page.getByRole('button', { name: 'Set 2 switches' }).click()
    await toast(page, 'Changed 2 switches')
    const [entry] = await master.history('limit=1')
    expect(entry?.revision).toBe(before + 1)
    expect(entry?.changes.map(({ key, after }) => [key, after]).sort()).toEqual([
      ['__proto__', '2'],
      ['toString', '3'],
    ])
  })

  it('begin with the shortest time that a rule allows, and say when one has just changed', async () => {
    const { stash, master, dana } = await furnish()
    await master.call('PATCH', '/flags', { 'mail.maintenance-mode': 'false' })
    for (const [key, longest] of [
      ['maintenance-mode', '2h'],
      ['mail.maintenance-mode', '20m'],
    ])
      await master.call('PUT', `/guards/${key}`, { type: 'boolean', safe_value: 'false', max_for: longest })
    const page = await open(as(stash, dana), '')
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    for (const key of ['maintenance-mode', 'mail.maintenance-mode'])
      await page.getByLabel(`Select ${key}`, { exact: true }).check()
    await page.getByRole('button', { name: 'Change together…' }).click()
    await dialog(page).getByText('true', { exact: true }).click()
    await page.getByRole('button', { name: 'Set 2 switches for 15 min' }).waitFor()
    await master.set('maintenance-mode', 'true', 'for=1h')
    await dialog(page).getByText('It has just changed').waitFor()
    await dialog(page)
      .locator('.preview li', { hasText: /^maintenance-mode.*true.*true/ })
      .waitFor()
    await page.getByRole('button', { name: 'Set 2 switches for 15 min' }).click()
    await toast(page, /^Changed 2 switches until/)
    expect(await stash.read('mail.maintenance-mode')).toBe('true')
  })

  it('of different types leave alone what another person changes meanwhile', async () => {
    const { stash, master, dana } = await furnish()
    await master.call('PUT', '/guards/maintenance-mode', { type: 'boolean' })
    const page = await open(as(stash, dana), '')
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    for (const key of ['maintenance-mode', 'on-call']) await page.getByLabel(`Select ${key}`, { exact: true }).check()
    await page.getByRole('button', { name: 'Change together…' }).click()
    await dialog(page).getByText('true', { exact: true }).click()
    await page.getByRole('button', { name: 'Set 1 switch' }).waitFor()
    await master.set('on-call', 'erin')
    await dialog(page).getByText('It has just changed').waitFor()
    await page.getByRole('button', { name: 'Set 1 switch' }).click()
    await toast(page, /^Changed 1 switch/)
    expect(await stash.read('on-call')).toBe('erin')
  })

  it('can be selected only with a token that may change them, and only while it is valid', async () => {
    const { stash, master } = await furnish()
    const mail = await master.grant({ label: 'Mail', can: ['write'], keys: ['mail.*', 'on-call'] })
    const page = await open(as(stash, mail), '')
    await page.getByText('You are \u2068Mail').waitFor()
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    expect(await page.locator('.row input[type=checkbox]').count()).toBe(2)
    await page.getByLabel('Select on-call', { exact: true }).check()
    const tokens = (await master.call('GET', '/tokens')).body['tokens'] as { token_id: string; label: string }[]
    await master.call('DELETE', `/tokens/${tokens.find(({ label }) => label === 'Mail')?.token_id}`)
    await page.getByText('read-only now').waitFor()
    await expect.poll(() => page.getByRole('button', { name: 'Change together…' }).count()).toBe(0)
    expect(await page.locator('.row input[type=checkbox]').count()).toBe(0)
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

describe('history', () => {
  it('is filtered by what the address says: a switch, a person, words', async () => {
    const { stash, master, dana } = await furnish()
    await dana.set('on-call', 'bob', 'reason=swap')
    await master.set('on-call', 'carol')
    await dana.set('maintenance-mode', 'true')
    const page = await open(as(stash, dana), '/history?key=on-call')
    await page.locator('#entries li.entry').nth(2).waitFor()
    expect(await page.locator('#entries li.entry').count()).toBe(3)
    expect(await page.getByLabel('Switch', { exact: true }).inputValue()).toBe('on-call')
    await page.getByLabel('Person').selectOption('Dana')
    await page.getByText('1 of the 3 changes that are loaded.').waitFor()
    expect(new URL(page.url()).hash).toBe(`#/s/${stash.id}/history?key=on-call&who=Dana`)
    await page.getByLabel('Search').fill('nothing like it')
    await page.getByText('No change that is loaded matches.').waitFor()
    await page.getByRole('button', { name: 'Show everything' }).click()
    await page
      .getByRole('button', { name: /^Undo revision/ })
      .first()
      .waitFor()
    // It follows what happens.
    await page.getByLabel('Switch', { exact: true }).fill('on-call')
    await master.set('on-call', 'dora', 'reason=night')
    await page.locator('#entries .entry', { hasText: 'night' }).waitFor()
    const { revision = 0 } = (await master.history('limit=1'))[0] ?? {}
    await page.getByRole('button', { name: `Undo revision ${revision}` }).click()
    await page.getByRole('button', { name: 'Undo it' }).click()
    await expect.poll(() => stash.read('on-call')).toBe('carol')
    await page.locator('#entries').getByRole('link', { name: 'on-call' }).first().click()
    expect(new URL(page.url()).hash).toBe(`#/s/${stash.id}/f/on-call`)
  })

  it('shows older entries page by page, and names freezes, tokens and abilities', async () => {
    const { stash, master, dana } = await furnish()
    await master.call('PUT', '/freeze', { keys: ['mail.*'], reason: 'move' })
    const page = await open(as(stash, dana), '/history')
    await page.locator('.entry.freeze', { hasText: 'Only these switches: \u2068mail.*\u2069' }).waitFor()
    await page.locator('.entry.add_token', { hasText: 'Dana' }).getByText('change switches, approve').waitFor()
    for (let i = 0; i < 55; i++) await master.set('on-call', `p${i}`)
    await page.reload()
    await page.locator('#entries li.entry').nth(49).waitFor()
    await page.getByRole('button', { name: 'Show older' }).click()
    await page.locator('.entry.freeze').waitFor()
    await expect.poll(() => page.getByRole('button', { name: 'Show older' }).count()).toBe(0)
    const shown = await page.locator('.entry .rev').allInnerTexts()
    expect(shown.map((text) => Number(text.slice(1)))).toEqual(
      (await master.history('limit=200')).map(({ revision }) => revision),
    )
  })
})

describe('access', () => {
  it('creates, replaces and revokes tokens, and tells what a revoked one leaves', async () => {
    const { stash, master, dana } = await furnish()
    const page = await open(as(stash, dana), '/access')
    await page.getByRole('button', { name: 'New token…' }).click()
    await page.getByLabel('Who or what it is for').fill('dana')
    await page.getByText('This would be refused: This name is taken').waitFor()
    // Dana's token may not break the glass, so it cannot give that away.
    expect(await dialog(page).getByLabel('Override a freeze').count()).toBe(0)
    await page.getByLabel('Who or what it is for').fill('pipeline')
    await page.getByLabel('For which switches').fill('maintenance-*')
    await page.getByRole('button', { name: 'Create the token' }).click()
    const first = operatorOf(send, stash, (await page.locator('.secret:focus').textContent()) ?? '')
    await page.getByRole('button', { name: 'Done' }).click()
    expect((await first.set('maintenance-mode', 'true', 'for=30m')).status).toBe(200)
    expect((await first.set('on-call', 'eve')).status).toBe(403)

    await page.getByRole('button', { name: /^Replace… .*pipeline/ }).click()
    await page.getByLabel('How long the old one still works').selectOption('')
    await page
      .getByRole('button', { name: /^Replace .*pipeline/ })
      .last()
      .click()
    const second = operatorOf(send, stash, (await page.locator('.secret:focus').textContent()) ?? '')
    await page.getByRole('button', { name: 'Done' }).click()
    expect((await first.call('GET', '/token')).status).toBe(403)
    expect((await second.set('maintenance-mode', 'true', 'for=40m')).status).toBe(200)

    await page.getByRole('button', { name: /^Revoke… .*pipeline/ }).click()
    await dialog(page)
      .getByText(/Still ends by itself: maintenance-mode \(\d\d:\d\d\)/)
      .waitFor()
    await page.getByRole('button', { name: 'Revoke it' }).click()
    await toast(page, /is revoked\. Still ends by itself: maintenance-mode/)
    await page.locator('#tokens', { hasText: 'pipeline' }).waitFor({ state: 'detached' })
    expect(await master.held()).toHaveLength(1)
  })

  it('replaces my own token, and goes on with the new one', async () => {
    const { stash, dana } = await furnish()
    const page = await open(as(stash, dana), '/access')
    await page.getByRole('button', { name: 'Replace my token…' }).click()
    await page.getByLabel('How long the old one still works').selectOption('')
    await dialog(page)
      .getByRole('button', { name: /^Replace / })
      .click()
    const token = (await page.locator('.secret:focus').textContent()) ?? ''
    await page.getByRole('button', { name: 'Done' }).click()
    await page.reload()
    await page.locator('#tokens .you').waitFor()
    expect((await operatorOf(send, stash, token).set('on-call', 'bob')).status).toBe(200)
    expect(await page.locator('#warning').count()).toBe(0)
  })

  it('forgets the token here, and takes one again', async () => {
    const { stash, dana } = await furnish()
    const page = await open(as(stash, dana), '/access')
    await page.getByRole('button', { name: 'Forget the token here…' }).click()
    await page.getByRole('button', { name: 'Forget it' }).click()
    await page.locator('#warning', { hasText: 'The token was forgotten here. drill is read-only now.' }).waitFor()
    expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).not.toContain('swy_')
    for (const [view, text] of [
      ['Pending', 'What is pending is shown to people with a token.'],
      ['History', 'History is shown to people with a token.'],
    ] as const) {
      await page.getByRole('navigation').getByRole('link', { name: view }).click()
      await page.getByText(text).waitFor()
    }
    await page.getByRole('navigation').getByRole('link', { name: 'Access' }).click()
    await page.getByRole('button', { name: 'Use a token' }).click()
    await page.getByLabel('Token', { exact: true }).fill(dana.token)
    await page.getByRole('button', { name: 'Use it' }).click()
    await page.locator('#tokens', { hasText: 'Dana' }).waitFor()
    await page.getByRole('button', { name: 'Open another stash' }).click()
    expect(new URL(page.url()).hash).toBe('#/')
  })

  it('exports the stash as a file without secrets', async () => {
    const { stash, dana } = await furnish()
    const page = await open(as(stash, dana), '/access')
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export to a file' }).click(),
    ])
    expect(file.suggestedFilename()).toMatch(/^[0-9a-f]{8}-\d{4}-\d\d-\d\d\.json$/)
    const text = readFileSync(await file.path(), 'utf8')
    const parsed = JSON.parse(text) as { items: { key: string }[]; guards: unknown[] }
    expect(parsed.items.map(({ key }) => key)).toContain('on-call')
    expect(parsed.guards).toHaveLength(2)
    expect(text).not.toContain('swy_')
  })

  it('lets only a master token describe, replace the master and delete', async () => {
    const { stash, dana } = await furnish()
    const danas = await open(as(stash, dana), '/access')
    await danas.getByRole('button', { name: 'Export to a file' }).waitFor()
    expect(await danas.getByRole('button', { name: /Delete|Change name|master/ }).count()).toBe(0)

    const page = await open(stash, '/access')
    await page.getByRole('button', { name: 'Change name and description…' }).click()
    await page.getByLabel('Name', { exact: true }).fill('drill two')
    const slug = `v-${stash.id.slice(0, 8)}`
    await page.getByLabel('Short name').fill(slug)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { level: 1, name: 'drill two' }).waitFor()
    await page.locator('.facts', { hasText: slug }).waitFor()
    await page.getByLabel('purple').check()
    expect(await page.locator('.stash').getAttribute('data-colour')).toBe('purple')

    await page.getByRole('button', { name: 'Replace the master token…' }).click()
    await page.getByRole('button', { name: 'Replace the master token', exact: true }).click()
    const secret = (await page.locator('.secret:focus').textContent()) ?? ''
    await page.getByRole('button', { name: 'Done' }).click()
    expect((await operatorOf(send, stash, secret).set('on-call', 'bob')).status).toBe(200)

    await page.getByRole('button', { name: 'Delete this stash…' }).click()
    await page.getByLabel('Type drill two to confirm').fill('drill')
    await page.getByRole('button', { name: 'Delete it for good' }).click()
    expect(await stash.read('on-call')).toBe('bob')
    await page.getByLabel('Type drill two to confirm').fill('drill two')
    await page.getByRole('button', { name: 'Delete it for good' }).click()
    await expect.poll(() => new URL(page.url()).hash).toBe('#/')
    expect((await send(`/stash/${stash.id}`)).status).toBe(404)
  })
})

describe('a limited token', () => {
  it('sees no button that it may not use', async () => {
    const { stash, master, dana } = await furnish()
    const eve = await master.grant({ label: 'Eve', can: ['write'], keys: ['on-*', 'shop.*'] })
    await dana.set('shop.traffic-target', 'green')
    await dana.set('maintenance-mode', 'true', 'for=30m')
    await dana.set('on-call', 'eve')
    const page = await open(as(stash, eve), '/pending')
    await section(page, 'Waiting for another person').getByText('Your token may not approve it.').waitFor()
    expect(await page.locator('#held button').allInnerTexts()).toEqual([])

    await page.getByRole('navigation').getByRole('link', { name: 'History' }).click()
    await page.locator('.entry', { hasText: 'on-call' }).first().waitFor()
    expect(await page.locator('.entry', { hasText: 'maintenance-mode' }).getByRole('button').count()).toBe(0)
    await page.getByRole('navigation').getByRole('link', { name: 'Access' }).click()
    await page.getByText('Your token may not see or create other tokens.').waitFor()
    expect(await page.locator('#access').getByRole('button').allInnerTexts()).toEqual([
      'Forget the token here…',
      'Replace my token…',
      'Open another stash',
      'Invite a person…',
      'Copy the ID',
    ])
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

describe('hostile texts', () => {
  it('are text in every view', async () => {
    const stash = await newStash({ name: '<b>shop</b>' })
    const master = operatorOf(send, stash, stash.token)
    await master.call('PATCH', '/flags', '{"__proto__":"legal","constructor":"1"}')
    await master.call('PUT', '/guards/constructor', { type: 'text', approvals: 1 })
    await master.call('PATCH', '', { description: '<img src=x> \u202Eevil' })
    const evil = await master.grant({ label: '<i>bob</i>', can: ['write'] })
    await evil.set('constructor', '<script>document.title = "owned"</script>', 'reason=%3Cb%3Ewhy%3C%2Fb%3E%E2%80%AE')
    await evil.set('__proto__', '<img src=x onerror=alert(1)>', 'for=30m')
    const page = await open(stash, '/pending')
    const main = page.locator('#main')
    await main.getByText('<script>document.title = "owned"</script>').waitFor()
    await main.getByText('<b>why</b>\\u{202e}').waitFor()
    await main.getByRole('link', { name: '__proto__' }).waitFor()
    await page.getByRole('navigation').getByRole('link', { name: 'History' }).click()
    await main.getByText('<img src=x onerror=alert(1)>').waitFor()
    await page.getByLabel('Person').selectOption({ label: '\u2068<i>bob</i>\u2069' })
    expect(await main.locator('.entry').count()).toBe(1)
    await page.getByRole('navigation').getByRole('link', { name: 'Access' }).click()
    await page.locator('#tokens', { hasText: '<i>bob</i>' }).waitFor()
    await main.getByText('<img src=x> \\u{202e}evil').waitFor()
    expect(await main.locator('script, img, i, b').count()).toBe(0)
    expect(await page.title()).toContain('<b>shop</b>')
  })
})

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

type Violation = { id: string; nodes: { html: string; failureSummary: string }[] }

/** The policy lets no script of ours in, so it comes by the debugger. */
async function examine(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const { violations } = (await page.evaluate(`axe.run(document, { resultTypes: ['violations'] })`)) as {
    violations: Violation[]
  }
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

describe.each([
  ['light', 360],
  ['dark', 360],
  ['light', 1280],
  ['dark', 1280],
] as const)('%s, %d px wide', (colorScheme, width) => {
  it('axe finds nothing, nothing scrolls sideways, and every control is big enough', async () => {
    const { stash, master, dana } = await furnish()
    await dana.set('shop.traffic-target', 'green', `reason=${'long-'.repeat(30)}`)
    await dana.set('maintenance-mode', 'true', 'for=30m')
    await master.set('on-call', 'no-blank-to-break-at-'.repeat(20))
    const viewport = { width, height: 800 }
    const page = await open(stash, '/pending', { viewport, colorScheme, reducedMotion: 'reduce' })
    for (const [path, ready, press] of [
      ['pending', '#held li.item', 'Approve… shop.traffic-target'],
      ['history', '#entries li.entry', ''],
      ['access', '#tokens li.item', 'Invite a person…'],
    ] as const) {
      await page.goto(`${url}/#/s/${stash.id}/${path}`)
      await page.locator(ready).first().waitFor()
      expect(await examine(page), path).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), path).toBeLessThanOrEqual(0)
      const sizes = await page
        .locator('main button:visible, main input:visible:not([type=radio]), main select:visible')
        .evaluateAll((all) =>
          all.map((one) => ({ box: one.getBoundingClientRect(), html: one.outerHTML.slice(0, 120) })),
        )
      expect(sizes.filter(({ box }) => box.width < 44 || box.height < 44)).toEqual([])
      if (press === '') continue
      await page.getByRole('button', { name: press }).click()
      await dialog(page).waitFor()
      expect(await examine(page), press).toEqual([])
      await page.keyboard.press('Escape')
    }
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
