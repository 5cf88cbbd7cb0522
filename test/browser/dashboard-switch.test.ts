/** The page of one switch: its rules, its history, its last day, its end. */
import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { examine } from '../support/axe.ts'
import { furnish, guardOf, nameField, now, openAdd, press, sheet, toast } from '../support/dashboard-switch.ts'
import { ownPages } from '../support/own-pages.ts'
import { send, url } from '../support/service.ts'

const { openStash } = ownPages()
const open = (spec: { id: string; token?: string }, place = '', options: BrowserContextOptions = {}): Promise<Page> =>
  openStash(spec, place, { viewport: { width: 390, height: 844 }, ...options })

describe('the rules of a switch', () => {
  it('are set, changed and removed in the page', async () => {
    const { stash, master } = await furnish()
    const key = 'checkout.maintenance-mode'
    const page = await open(stash, `/f/${key}`)
    await page.getByRole('button', { name: 'Make it an on/off switch…' }).click()
    await press(page, 'Make it an on/off switch')
    await toast(page, 'is an on/off switch now')
    expect(await guardOf(master, key)).toEqual({ type: 'boolean' })

    await page.getByRole('button', { name: 'Edit its rules…' }).click()
    await sheet(page).getByLabel('Safe value').selectOption('false')
    await sheet(page).getByLabel('A change needs a reason').check()
    await press(page, /^Set the rules/)
    await page.getByText(/At its safe value/).waitFor()
    expect(await guardOf(master, key)).toEqual({ type: 'boolean', safe_value: 'false', reason_required: true })

    await page.getByRole('button', { name: 'Remove its rules…' }).click()
    await press(page, 'Remove the rules')
    await page.getByText('No safe value is set').waitFor()
    expect((await master.call('GET', `/guards/${key}`)).status).toBe(404)
  })

  it('of two people who edit them, the second is told, loses nothing, and decides', async () => {
    const { stash, master } = await furnish({ limit: '7' })
    await master.call('PUT', '/guards/limit', { type: 'number', max: 9 })
    const page = await open(stash, '/f/limit')
    await page.getByRole('button', { name: 'Edit its rules…' }).click()
    await sheet(page).getByLabel('At most', { exact: true }).fill('20')
    await master.call('PUT', '/guards/limit', { type: 'number', max: 10, reason_required: true })
    await press(page, /^Set the rules/)
    await sheet(page).getByText('Another person has set these rules meanwhile').waitFor()
    await sheet(page).getByText('numbers, at most 10').waitFor()
    expect(await guardOf(master, 'limit')).toEqual({ type: 'number', max: 10, reason_required: true })
    expect(await sheet(page).getByLabel('At most', { exact: true }).inputValue()).toBe('20')
    await press(page, /^I have seen them/)
    await press(page, /^Set the rules/)
    await toast(page, 'The rules of limit are set')
    expect(await guardOf(master, 'limit')).toEqual({ type: 'number', max: 20 })
  })

  it('keep what the form has no field for', async () => {
    const { stash, master } = await furnish({ config: '{"a": 1}', target: 'a ' })
    const schema = { type: 'object', required: ['a'] }
    await master.call('PUT', '/guards/config', { type: 'json', schema })
    await master.call('PUT', '/guards/target', { type: 'choice', choices: ['a ', 'b'] })
    for (const [key, kept] of [
      ['config', { type: 'json', schema }],
      ['target', { type: 'choice', choices: ['a ', 'b'] }],
    ] as const) {
      const page = await open(stash, `/f/${key}`)
      await page.getByRole('button', { name: 'Edit its rules…' }).click()
      await sheet(page).getByLabel('A change needs a reason').check()
      await press(page, /^Set the rules/)
      await toast(page, 'are set')
      expect(await guardOf(master, key)).toEqual({ ...kept, reason_required: true })
    }
  })
})

describe('the page of a switch', () => {
  it('stands at its address, with its history and a picture that is told in words', async () => {
    const { stash, master } = await furnish({ target: 'blue' })
    await master.set('target', 'green', 'reason=blue+is+slow')
    await master.set('target', 'blue')
    const page = await open(stash, '/f/target')
    const entries = page.locator('.switch-entries > li')
    await expect.poll(() => entries.count()).toBe(3)
    await master.set('target', 'red', 'reason=drill')
    await now(page, 'red')
    await expect.poll(() => entries.count()).toBe(4)
    expect(await entries.first().locator('.what').textContent()).toMatch(/blue.*became.*red/)
    await entries
      .first()
      .getByText('“drill”')
      .or(entries.first().locator('q', { hasText: 'drill' }))
      .waitFor()
    const picture = page.getByRole('img', { name: /^The last 24 hours/ })
    await expect
      .poll(() => picture.getAttribute('aria-label'))
      .toMatch(/not there until .*blue.*green.*blue.*red.* since \d\d:\d\d\.$/)
    await page.getByText('As a table').click()
    expect(await page.locator('.states tbody tr').count()).toBe(5)

    const revision = (await master.history('limit=1'))[0]?.revision ?? 0
    await page.getByRole('button', { name: `Undo revision ${revision}` }).click()
    await press(page, 'Undo it')
    await now(page, 'blue')
    await page.getByRole('link', { name: 'All switches' }).click()
    await page.locator('.row[data-key="target"]').waitFor()
  })

  it('does not say of a switch that the token does not reach that nothing happened', async () => {
    const { stash, master } = await furnish({ 'auth.lamp': 'on' })
    const bob = await master.grant({ can: ['write'], keys: ['mail.*'] })
    const page = await open({ id: stash.id, token: bob.token }, '/f/auth.lamp')
    await page.getByText('Your token does not reach this switch').waitFor()
    await page.getByRole('img', { name: /not known until .*on.* since/ }).waitFor()
    expect(await page.locator('.switch-page button').count()).toBe(0)
  })

  it('shows older history on request', async () => {
    const { stash, master } = await furnish({ note: '0' })
    for (let i = 1; i <= 51; i++) await master.set('note', String(i))
    const page = await open(stash, '/f/note')
    const entries = page.locator('.switch-entries > li')
    await expect.poll(() => entries.count()).toBe(50)
    await page.getByText('Hatched: it is not known').waitFor()
    await page.getByRole('button', { name: 'Show older' }).click()
    await expect.poll(() => entries.count()).toBe(52)
    await page.getByRole('button', { name: 'Show older' }).waitFor({ state: 'detached' })
  })

  it('deletes it, says what services read then, and offers to add it again', async () => {
    const { stash } = await furnish({ 'checkout.lamp': 'on' })
    const page = await open(stash, '/f/checkout.lamp')
    await page.getByRole('button', { name: 'Delete…' }).click()
    await sheet(page).getByText('services that read it get the default value').waitFor()
    await press(page, 'Delete checkout.lamp')
    await page.getByText('There is no such switch').waitFor()
    expect((await send(`/item/${stash.id}/checkout.lamp`)).status).toBe(404)
    await page.getByRole('button', { name: 'Add this switch…' }).click()
    expect(await nameField(page).inputValue()).toBe('checkout.lamp')
    await press(page, 'Add checkout.lamp')
    await now(page, 'false')
  })

  it('is not deleted for another value than the one that was shown', async () => {
    const { stash, master } = await furnish({ lamp: 'on' })
    const page = await open(stash, '/f/lamp')
    await page.getByRole('button', { name: 'Delete…' }).click()
    await sheet(page).getByText('not set').waitFor()
    await master.set('lamp', 'off')
    await press(page, 'Delete lamp')
    await sheet(page).getByText('Press the button once more to delete it').waitFor()
    expect(await stash.read('lamp')).toBe('off')
    await press(page, 'Delete lamp')
    await page.getByText('There is no such switch').waitFor()
  })

  it('shows without a token what is public, and no button', async () => {
    const { stash, master } = await furnish()
    const key = 'checkout.maintenance-mode'
    const about = { text: 'Answers 503', owner: 'the owner', runbook: 'https://wiki.example/' }
    await master.call('PUT', `/guards/${key}`, { type: 'boolean', safe_value: 'false', about })
    await master.set(key, 'true', 'for=30m&reason=secret+reason')
    const page = await open({ id: stash.id }, `/f/${key}`)
    await page.getByText('Not at its safe value').waitFor()
    await page.getByText(/Goes back to .*false/).waitFor()
    await page.getByText('Answers 503').waitFor()
    await page.getByText('On/off').waitFor()
    await page.getByText('History is shown to people with a token.').waitFor()
    expect(await page.locator('.switch-page button').count()).toBe(0)
    expect(await page.locator('.switch-page').textContent()).not.toMatch(/the owner|wiki|secret reason/)
  })

  it('has a freeze of its own, and says so', async () => {
    const { stash, master } = await furnish({ 'auth.lamp': 'on' })
    const page = await open(stash, '/f/auth.lamp')
    await page.getByRole('button', { name: 'Freeze this switch…' }).click()
    expect(await sheet(page).getByLabel('Which switches').inputValue()).toBe('auth.lamp')
    await press(page, /^Freeze /)
    await page.locator('.switch-page .is-frozen', { hasText: /^Frozen until/ }).waitFor()
    expect((await master.call('GET', '')).body['freezes']).toHaveLength(1)
  })
})

describe('hostile texts', () => {
  it('a switch may be called __proto__ or constructor', async () => {
    const { stash, master } = await furnish()
    const page = await open(stash)
    for (const key of ['__proto__', 'constructor']) {
      await openAdd(page)
      await nameField(page).fill(key)
      await press(page, `Add ${key}`)
      await toast(page, `${key} is`)
      expect([await stash.read(key), await guardOf(master, key)]).toEqual([
        'false',
        { type: 'boolean', safe_value: 'false' },
      ])
    }
    await page.goto(`${url}/#/s/${stash.id}/f/__proto__`)
    await now(page, 'false')
    await page.getByText('At its safe value').waitFor()
    await page.goto(`${url}/#/s/${stash.id}/f/toString`)
    await page.getByText('There is no such switch').waitFor()
  })

  it('owner, description and reason are text, and only a web address is a link', async () => {
    const { stash, master } = await furnish({ lamp: 'true' })
    const text = '<img src=x onerror=alert(1)> \u202egnp'
    const about = { text, owner: text, runbook: 'https://wiki.example/"><script>' }
    await master.call('PUT', '/guards/lamp', { type: 'boolean', about })
    await master.set('lamp', 'false', `reason=${encodeURIComponent(text.replace('\u202e', ''))}`)
    const page = await open(stash, '/f/lamp')
    const link = page.locator('.facts a')
    await link.waitFor()
    expect(await link.getAttribute('rel')).toBe('noreferrer noopener')
    expect(await link.getAttribute('href')).toMatch(/^https:\/\/wiki\.example\//)
    expect(await page.locator('.switch-page img, .switch-page script').count()).toBe(0)
    expect(await page.locator('.facts').textContent()).toContain('<img src=x onerror=alert(1)>')
    expect(await page.locator('.facts').textContent()).not.toContain('\u202e')

    // The service stores no such address. A page links none either, whatever it is answered.
    const guard = { key: 'lamp', version: 1, type: 'boolean', about: { runbook: 'javascript:alert(1)' } }
    await page.route('**/guards', (route) =>
      route.fulfill({ json: { stash_id: stash.id, revision: 9, guards: [guard] } }),
    )
    await page.reload()
    await page.locator('.facts', { hasText: 'javascript:alert(1)' }).waitFor()
    expect(await link.count()).toBe(0)
  })
})

/** Written out: it runs in the page. */
const SIDEWAYS = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

describe.each([
  ['light', 360],
  ['dark', 360],
  ['light', 1280],
  ['dark', 1280],
] as const)('%s, %d px wide', (colorScheme, width) => {
  it('gives axe nothing to complain of, and scrolls nothing sideways', async () => {
    const { stash, master } = await furnish({
      lamp: 'false',
      limit: '7',
      [`a.${'long'.repeat(31)}`]: 'x'.repeat(2_000),
    })
    const about = { text: 'Answers 503', owner: 'team', runbook: 'https://wiki.example/' }
    await master.call('PUT', '/guards/lamp', { type: 'boolean', safe_value: 'false', max_for: '2h', about })
    await master.call('PUT', '/guards/limit', { type: 'number', max: 9, approvals: 1 })
    await master.set('lamp', 'true', 'for=30m&reason=drill')
    await master.set('limit', '8')
    const options = { viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' as const }
    for (const key of ['lamp', 'limit', `a.${'long'.repeat(31)}`, 'missing']) {
      const page = await open(stash, `/f/${key}`, options)
      await page.getByText('The last 24 hours').waitFor()
      await page.locator('.states').waitFor()
      expect(await examine(page), key).toEqual([])
      expect(await page.evaluate(SIDEWAYS), key).toBe(0)
    }
    const page = await open(stash, '/f/limit', options)
    for (const button of ['Edit its rules…', 'Remove its rules…', 'Delete…']) {
      await page.getByRole('button', { name: button }).click()
      await sheet(page).locator('.preview').waitFor()
      expect(await examine(page), button).toEqual([])
      await press(page, 'Cancel')
    }
    await page.getByRole('link', { name: 'All switches' }).click()
    await openAdd(page)
    await nameField(page).fill('lamb')
    await sheet(page).getByText('More types', { exact: true }).click()
    await sheet(page).getByText('Description').click()
    await sheet(page).getByText('Did you mean that one?').waitFor()
    expect(await examine(page), 'add').toEqual([])
    expect(await page.evaluate(SIDEWAYS)).toBe(0)
  })
})
