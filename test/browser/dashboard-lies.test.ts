/** The dashboard beside what lies, breaks off and changes under it: it must never say more than it knows. */
import type { Browser, Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { openDashboard, type Dashboard } from '../support/dashboard.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'

let browser: Browser
let opened: Dashboard[] = []

beforeAll(async () => {
  browser = await launchBrowser()
}, 60_000)
afterEach(async () => {
  const complaints = opened.flatMap((dashboard) => dashboard.complaints)
  for (const dashboard of opened) await dashboard.close()
  opened = []
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`)
})
afterAll(() => browser.close())

async function open(spec: { id: string; token?: string }, key = 'on-call') {
  const dashboard = await openDashboard(browser, url, spec)
  opened.push(dashboard)
  await dashboard.card(key).locator('.who').waitFor()
  return dashboard
}

async function furnish() {
  const stash = await newStash({ name: 'drill' })
  const master = operatorOf(send, stash, stash.token)
  await master.set('on-call', 'alice', 'reason=week+48')
  return { stash, master }
}

const SIGN_IN = { status: 200, contentType: 'text/html', body: '<html>Please sign in to the network</html>' }
const signIn = (route: Route) => route.fulfill(SIGN_IN)

describe('an answer of something in between', () => {
  it.each([
    ['a sign-in page', SIGN_IN],
    ['JSON that says nothing', { status: 200, contentType: 'application/json', body: '{}' }],
  ])('to a change is not taken for done: %s', async (_, answer) => {
    const { stash, master } = await furnish()
    const { page, sheet, reach } = await open(stash)
    await page.route('**/api/item/**', (route) => route.fulfill(answer))
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText('Not known yet').waitFor()
    expect(await page.locator('#toast').textContent()).toBe('')
    expect(await stash.read('on-call')).toBe('alice')
    await page.unroute('**/api/item/**')
    await page.getByRole('button', { name: 'Try again now' }).click()
    await page.locator('#toast', { hasText: 'counted once' }).waitFor()
    expect((await master.history('limit=1'))[0]).toMatchObject({ changes: [{ key: 'on-call', after: 'bob' }] })
  })

  it('to what the details are read by is said, tried again, and never shown as who and why of the new value', async () => {
    const { stash, master } = await furnish()
    const { page, card } = await open(stash)
    await page.route('**/history?**', signIn)
    const mallory = await master.grant({ label: 'mallory', can: ['write'] })
    await mallory.set('on-call', 'mallory', 'reason=takeover')
    await card('on-call').locator('.now', { hasText: 'mallory' }).waitFor()
    expect(await card('on-call').locator('.meta').textContent()).toBe('')
    await page.locator('#trouble', { hasText: 'details are behind' }).waitFor()
    await page.unroute('**/history?**')
    await card('on-call').locator('.meta', { hasText: 'mallory' }).waitFor()
    await page.locator('#trouble').waitFor({ state: 'hidden' })
    await master.call('PUT', '/freeze', { reason: 'launch' })
    await page.locator('#frozen', { hasText: 'launch' }).waitFor()
  })

  it('to the stream is no stream: it is never called live', async () => {
    const { stash } = await furnish()
    const { page } = await open(stash)
    await page.route('**/watch**', signIn)
    await page.evaluate(WATCH_WORDS)
    let asked = 0
    const often = new Promise<void>((resolve) => page.on('response', () => ++asked === 6 && resolve()))
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await often
    expect(await page.evaluate('globalThis.words')).not.toContain('Live')
  })
})

/** Written out: it runs in the page. */
const WATCH_WORDS = `{
  globalThis.words = []
  const text = document.getElementById('link-text')
  new MutationObserver(() => globalThis.words.push(text.textContent)).observe(text, { childList: true, characterData: true, subtree: true })
}`

describe('what changes under an open dialog', () => {
  it('the address: the dialog closes, and nothing is asked of the other stash', async () => {
    const { stash: other } = await furnish()
    const { stash } = await furnish()
    await stash.put('on-call', 'bob')
    await other.put('on-call', 'carol')
    const { page, sheet } = await open(stash)
    await page.evaluate(`sessionStorage.setItem('switchyard:token:${other.id}', '${other.token}')`)
    const written: string[] = []
    page.on('request', (request) => request.method() !== 'GET' && written.push(request.url()))
    await page.getByRole('navigation').getByRole('button', { name: 'History' }).click()
    await page.getByRole('button', { name: 'Undo revision 2' }).click()
    await sheet.waitFor()
    await page.evaluate(`location.hash = '${other.id}'`)
    await sheet.waitFor({ state: 'detached' })
    expect(written).toEqual([])
  })

  it('the address, while a change is on its way: it is repeated nowhere, and said not to be known', async () => {
    const { stash: other } = await furnish()
    const { stash } = await furnish()
    const { page, reach, sheet } = await open(stash)
    await page.evaluate(`sessionStorage.setItem('switchyard:token:${other.id}', '${other.token}')`)
    await page.route('**/api/item/**', (route) => route.abort('connectionreset'))
    await reach('on-call')
    await page.getByLabel('New value').fill('dave')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText('Not known yet').waitFor()
    await page.unroute('**/api/item/**')
    await page.evaluate(`location.hash = '${other.id}'`)
    await page.locator('#toast', { hasText: 'not known whether the change of the other stash' }).waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    expect([await stash.read('on-call'), await other.read('on-call')]).toEqual(['alice', 'alice'])
  })

  it('the token, after a first try that counted: it stays, and says that this is not known', async () => {
    const { stash, master } = await furnish()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    const { page, reach, sheet } = await open({ id: stash.id, token: bob.token })
    const list = (await master.call('GET', '/tokens')).body['tokens'] as { token_id: string; label: string }[]
    let tries = 0
    await page.route('**/api/item/**', async (route) => {
      if (tries++ > 0) return route.continue()
      await route.fetch()
      return route.abort('connectionreset')
    })
    await reach('on-call')
    await page.getByLabel('New value').fill('dave')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText('Not known yet').waitFor()
    await master.call('DELETE', `/tokens/${list.find(({ label }) => label === 'bob')?.token_id}`)
    await sheet.getByText('Not known', { exact: true }).waitFor()
    await sheet.getByText('The repeat was refused').waitFor()
    await page.locator('#warning', { hasText: 'read-only now' }).waitFor()
    expect(await stash.read('on-call')).toBe('dave')
  })

  it('the value, with the stream away: what it is now is read, shown, and the starting point', async () => {
    const { stash, master } = await furnish()
    const { page, reach, sheet } = await open(stash)
    await page.route('**/watch**', (route) => route.abort())
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await page.locator('body.stale').waitFor()
    await master.set('on-call', 'erin')
    await reach('on-call')
    await page.getByLabel('New value').fill('frank')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText(/It is now .*erin/).waitFor()
    await page.getByRole('button', { name: /I have seen it/ }).click()
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'frank' }).waitFor()
    expect(await stash.read('on-call')).toBe('frank')
  })

  it('everything, told by a second snapshot: its versions are the new ones', async () => {
    const { stash, master } = await furnish()
    const { page, card, reach } = await open(stash)
    let isCut = true
    // One handler for both: between two of them the page may come back by itself, and resume.
    await page.route('**/watch**', (route) => {
      const url = route.request().url()
      return isCut ? route.abort() : route.continue({ url: url.replace(/\?after=\d+/, '') })
    })
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await page.locator('body.stale').waitFor()
    await master.set('on-call', 'erin')
    isCut = false
    await page.evaluate(`dispatchEvent(new Event('online'))`)
    await card('on-call').locator('.now', { hasText: 'erin' }).waitFor()
    await card('on-call').locator('.who').waitFor()
    await reach('on-call')
    await page.getByLabel('New value').fill('frank')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'frank' }).waitFor()
    expect(await stash.read('on-call')).toBe('frank')
  })
})

describe('what looks like something else', () => {
  const SPOOFS: [value: string, shown: string][] = [
    ['\u202eneerg', '\\u{202e}neerg'],
    ['true\n', 'true⏎'],
    ['tr\u200bue', 'tr\\u{200b}ue'],
    ['a\u2069b', 'a\\u{2069}b'],
    [' true  ', '␣true␣␣'],
    ['a\n\tb', 'a⏎\n⇥b'],
    ['tr\u00a0ue\u3164', 'tr\\u{a0}ue\\u{3164}'],
    ['👩‍👩‍👧‍👦🏴‍☠️ 👍🏽', '👩‍👩‍👧‍👦🏴‍☠️ 👍🏽'],
    ['true\u200d\ufe0f', 'true\\u{200d}\\u{fe0f}'],
  ]
  it('is marked: in a card, in the dialog, on its button, and in what waits', async () => {
    const { stash, master } = await furnish()
    await master.call('PATCH', '/flags', Object.fromEntries(SPOOFS.map(([value], i) => [`s${i}`, value])))
    const { page, card, reach, sheet } = await open(stash)
    const shown = await Promise.all(SPOOFS.map((_, i) => card(`s${i}`).locator('.now').textContent()))
    expect(shown).toEqual(SPOOFS.map(([, marked]) => marked))
    await card('s1').getByRole('img', { name: 'line end' }).waitFor()
    await reach('s0')
    expect(await sheet.locator('.from').textContent()).toBe('Now \\u{202e}neerg')
    await page.getByRole('button', { name: /^Set to .*\\u\{202e\}neerg/ }).waitFor()
  })

  it('is not the master token: that one is marked, whatever a label says; nor what waits beside an old value', async () => {
    const { stash, master } = await furnish()
    const other = await master.grant({ label: 'm\u0430ster', can: ['write'] })
    await master.call('PUT', '/guards/on-call', { type: 'text', approvals: 1 })
    await other.set('on-call', '\u202eneerg', 'reason=so\u202e')
    const { page } = await open(stash)
    await page.getByRole('navigation').getByRole('button', { name: 'Waiting' }).click()
    const what = page.locator('#held .what')
    await what.getByText('alice').waitFor()
    expect(await what.textContent()).toContain('\\u{202e}neerg')
    await master.call('DELETE', '/guards/on-call')
    await master.set('on-call', 'bob')
    await what.getByText('bob').waitFor()
    await page.getByRole('navigation').getByRole('button', { name: 'Access' }).click()
    const marked = page.locator('#tokens .item', { hasText: 'Master token' })
    await marked.waitFor()
    expect(await marked.count()).toBe(1)
  })
})

describe('in a dialog', () => {
  it('a secret has the focus, and Escape asks before it is thrown away', async () => {
    const { stash } = await furnish()
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
    const { stash, master } = await furnish()
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

  it('a change that was given up unknown is repeated when it is pressed again, and not made twice', async () => {
    const { stash, master } = await furnish()
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

  it('JSON that came while the page was open stays JSON', async () => {
    const { stash, master } = await furnish()
    const { page, card, reach } = await open(stash)
    await master.set('conf', '{"a":1}', '', { 'Content-Type': 'application/json' })
    await card('conf').waitFor()
    await reach('conf')
    await page.getByLabel('New value').fill('{"a":2}')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'conf is' }).waitFor()
    const item = await send(`/item/${stash.id}/conf?min_revision=3`)
    expect([item.headers.get('Content-Type'), await item.text()]).toEqual(['application/json', '{"a":2}'])
  })
})

/** Written out: how much of the outcome lies under the buttons. */
const HIDDEN_PX = `document.querySelector('.outcome').getBoundingClientRect().bottom - document.querySelector('.sheet .actions').getBoundingClientRect().top`

describe('addresses', () => {
  it('that decode to nothing open the page; a token in a query is taken out and warned of', async () => {
    const { stash } = await furnish()
    const page = await browser.newPage()
    await page.goto(`${url}/#%E0%A4%A`)
    await page.getByRole('button', { name: 'Connect' }).waitFor()
    await page.goto(`${url}/?token=${stash.token}#${stash.id}`)
    await page.getByText(/no secret any more/).waitFor()
    expect(page.url()).toBe(`${url}/#${stash.id}`)
    await page.close()
  })
})
