/** Switches that have a type from birth, and the page of one switch: its rules, its history, its last day, its end. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContext, BrowserContextOptions, Page, Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { listen } from '../support/dashboard.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'

let browser: Browser
let contexts: BrowserContext[] = []
let complaints: string[][] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterEach(async () => {
  const found = complaints.flat()
  for (const context of contexts) await context.close()
  contexts = []
  complaints = []
  if (found.length > 0) throw new Error(`the page complained: ${found.join('\n')}`)
})
afterAll(() => browser.close())

type Spec = { id: string; token?: string }

/** @param place behind the stash in the address: `/f/on-call` */
async function open({ id, token }: Spec, place = '', options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options })
  contexts.push(context)
  if (token !== undefined) await context.addInitScript(`sessionStorage.setItem('switchyard:token:${id}', '${token}')`)
  const page = await context.newPage()
  complaints.push(listen(page))
  await page.goto(`${url}/#/s/${id}${place}`)
  await page.getByText('Live', { exact: true }).waitFor()
  return page
}

async function furnish(flags: Record<string, string> = { 'checkout.maintenance-mode': 'false' }) {
  const stash = await newStash({ name: 'shop' })
  const master = operatorOf(send, stash, stash.token)
  await master.call('PATCH', '/flags', flags)
  return { stash, master }
}

const guardOf = async ({ call }: ReturnType<typeof operatorOf>, key: string) => {
  const { key: _, version: __, ...guard } = (await call('GET', `/guards/${key}`)).body
  return guard
}

const sheet = (page: Page) => page.locator('dialog.sheet')
const openAdd = (page: Page) => page.getByRole('button', { name: 'Add a switch…' }).click()
const nameField = (page: Page) => sheet(page).getByLabel('Name', { exact: true })
const press = (page: Page, name: string | RegExp) =>
  sheet(page)
    .getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) })
    .click()
const toast = (page: Page, hasText: string | RegExp) => page.locator('#toast', { hasText }).waitFor()
const now = (page: Page, hasText: string | RegExp) => page.locator('.switch-page .now', { hasText }).waitFor()

describe('adding a switch', () => {
  it('asks for its type, and writes value and rules as one revision', async () => {
    const { stash, master } = await furnish()
    const before = await stash.revision()
    const page = await open(stash)
    await openAdd(page)
    await nameField(page).fill('search.maintenance-mode')
    expect(await sheet(page).locator('textarea[name=value]').count()).toBe(0)
    await sheet(page).getByLabel('Longest time away from it').selectOption('2h')
    await sheet(page).getByText('Description').click()
    await sheet(page).getByLabel('What it is for').fill('Answers 503')
    await sheet(page).getByLabel('Owner').fill('team search')
    await sheet(page).getByLabel('Runbook').fill('https://wiki.example/search')
    await sheet(page).getByText('This will happen').waitFor()
    await press(page, 'Add search.maintenance-mode')
    await toast(page, 'search.maintenance-mode is')
    expect(await stash.revision()).toBe(before + 1)
    expect(await guardOf(master, 'search.maintenance-mode')).toEqual({
      type: 'boolean',
      safe_value: 'false',
      max_for: '2h',
      about: { text: 'Answers 503', owner: 'team search', runbook: 'https://wiki.example/search' },
    })

    await page.getByRole('button', { name: 'Open it' }).click()
    await page.getByText('At its safe value').waitFor()
    await page.getByRole('button', { name: /^Set to .*true/ }).click()
    await press(page, /^Set to .*true.* for 30 min$/)
    await now(page, 'true')
    await page.getByText(/Not at its safe value \(.*false.*\)/).waitFor()
    await page.getByText(/Goes back to .*false.* in (30|29) min/).waitFor()
    expect((await master.set('search.maintenance-mode', 'ture', 'for=30m')).status).toBe(422)
    await page.getByRole('button', { name: 'End it now…' }).click()
    await press(page, /^Set to .*false/)
    await now(page, 'false')
  })

  it('takes choices, limits of numbers, and a second person', async () => {
    const { stash, master } = await furnish()
    const page = await open(stash)
    await openAdd(page)
    await sheet(page).getByText('Choice', { exact: true }).click()
    await nameField(page).fill('checkout.target')
    await sheet(page).getByLabel('Choices').fill('blue\n green \n\nblue')
    await sheet(page).getByLabel('Value', { exact: true }).selectOption('green')
    await sheet(page).getByLabel('A change needs a second person').check()
    await press(page, 'Add checkout.target')
    await toast(page, 'checkout.target is')
    expect(await guardOf(master, 'checkout.target')).toEqual({
      type: 'choice',
      choices: ['blue', 'green'],
      approvals: 1,
    })

    await openAdd(page)
    await sheet(page).getByText('Number', { exact: true }).click()
    await nameField(page).fill('checkout.limit')
    await sheet(page).getByLabel('At most', { exact: true }).fill('50')
    await sheet(page).getByLabel('Whole numbers only').check()
    await sheet(page).getByLabel('Value', { exact: true }).fill('7')
    await sheet(page).getByLabel('Safe value').fill('99')
    await sheet(page).getByText('This would be refused').waitFor()
    await sheet(page).getByLabel('Safe value').fill('7')
    await press(page, 'Add checkout.limit')
    await toast(page, 'checkout.limit is')
    expect(await guardOf(master, 'checkout.limit')).toEqual({ type: 'number', max: 50, integer: true, safe_value: '7' })
  })

  it('never overwrites a switch: a name that is taken is said, also if it was taken a moment ago', async () => {
    const { stash, master } = await furnish()
    const page = await open(stash)
    await openAdd(page)
    await nameField(page).fill('checkout.maintenance-mode')
    await sheet(page).getByText('A switch of this name is there already: change it where it stands.').waitFor()
    const revision = await stash.revision()
    await press(page, /^Add checkout/)
    expect(await stash.revision()).toBe(revision)

    // Another person adds the same one, and the watch of this page does not tell it in time.
    await nameField(page).fill('lamp')
    const meanwhile = async (route: Route): Promise<void> => {
      await master.set('lamp', 'mallory')
      await route.continue()
    }
    await page.route('**/api/stash/*/import', meanwhile, { times: 1 })
    await press(page, 'Add lamp')
    await sheet(page).locator('.outcome', { hasText: 'A switch of this name is there already' }).waitFor()
    expect([await stash.read('lamp'), (await master.call('GET', '/guards/lamp')).status]).toEqual(['mallory', 404])
  })

  it('asks for one more press where something else has changed meanwhile', async () => {
    const { stash, master } = await furnish()
    const page = await open(stash)
    await openAdd(page)
    await nameField(page).fill('lamp')
    await sheet(page).getByText('This will happen').waitFor()
    const meanwhile = async (route: Route): Promise<void> => {
      await master.set('other', '1')
      await route.continue()
    }
    await page.route('**/api/stash/*/import', meanwhile, { times: 1 })
    await press(page, 'Add lamp')
    await sheet(page).getByText('Press the button once more.').waitFor()
    await press(page, 'Add lamp')
    await toast(page, 'lamp is')
    expect([await stash.read('lamp'), await stash.read('other')]).toEqual(['false', '1'])
  })

  it('warns of a name that is nearly like another one, with a link to that', async () => {
    const { stash } = await furnish()
    const page = await open(stash)
    await openAdd(page)
    await nameField(page).fill('checkout.mantenance-mode')
    await sheet(page).getByText('Did you mean that one?').waitFor()
    await sheet(page).getByRole('link', { name: 'checkout.maintenance-mode' }).click()
    await page.getByRole('heading', { name: 'checkout.maintenance-mode' }).waitFor()
    await expect.poll(() => sheet(page).count()).toBe(0)
  })

  it('says that a token may set no type, and adds a plain text then', async () => {
    const { stash, master } = await furnish()
    const bob = await master.grant({ can: ['write'], keys: ['mail.*'] })
    const page = await open({ id: stash.id, token: bob.token })
    await page.getByText('You are').first().waitFor()
    await openAdd(page)
    await nameField(page).fill('auth.note')
    await sheet(page)
      .getByText(/It reaches: mail\.\*/)
      .waitFor()
    await nameField(page).fill('mail.note')
    await sheet(page).getByText('Your token may not set rules').waitFor()
    await sheet(page).getByLabel('Value', { exact: true }).fill('hello')
    await press(page, 'Add mail.note')
    await toast(page, 'mail.note is')
    expect(await stash.read('mail.note')).toBe('hello')
  })

  it('keeps the rules that a deleted switch of this name has left', async () => {
    const { stash, master } = await furnish()
    await master.call('PUT', '/guards/lamp', { type: 'boolean', safe_value: 'false', max_for: '1h' })
    const page = await open(stash)
    await openAdd(page)
    await nameField(page).fill('lamp')
    await sheet(page).getByText('This name has rules already').waitFor()
    await sheet(page).getByText('true', { exact: true }).click()
    await press(page, 'Add lamp')
    await sheet(page).getByText('write "⁨false⁩" first').waitFor()
    await sheet(page).getByText('false', { exact: true }).click()
    await press(page, 'Add lamp')
    await toast(page, 'lamp is')
    expect(await guardOf(master, 'lamp')).toMatchObject({ max_for: '1h' })
  })
})

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
