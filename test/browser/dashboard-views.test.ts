/** What happened and who has access, as people with different tokens see it. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { examine } from '../support/axe.ts'
import { as, dialog, furnish, section, toast } from '../support/dashboard-views.ts'
import { operatorOf } from '../support/operator.ts'
import { ownPages } from '../support/own-pages.ts'
import { newStash, send, url } from '../support/service.ts'

const { openStash: open } = ownPages()

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
      .getByText(/Still ends by itself: maintenance-mode \((?:\w+ \d+ \w+ )?\d\d:\d\d\)/)
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
      ['Pending', 'Pending changes are shown to people with a token.'],
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
