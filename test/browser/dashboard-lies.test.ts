/** The dashboard beside what lies, breaks off and changes under it: it must never say more than it knows. */
import type { Route, WebSocketRoute } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { CHANGES, toView } from '../support/dashboard.ts'
import { ownDashboards, stashOnCall } from '../support/own-dashboards.ts'

const { openKnown: open } = ownDashboards()

const SIGN_IN = { status: 200, contentType: 'text/html', body: '<html>Please sign in to the network</html>' }
const signIn = (route: Route) => route.fulfill(SIGN_IN)

describe('an answer of something in between', () => {
  it.each([
    ['a sign-in page', SIGN_IN],
    ['JSON that says nothing', { status: 200, contentType: 'application/json', body: '{}' }],
  ])('to a change is not taken for done: %s', async (_, answer) => {
    const { stash, master } = await stashOnCall()
    const { page, sheet, reach } = await open(stash)
    await page.route(CHANGES, (route) => route.fulfill(answer))
    // Only the press repeats it: by itself the page waits for a time that does not come.
    await page.clock.install()
    await page.clock.pauseAt(Date.now() + 1000)
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText('Not known yet').waitFor()
    expect(await page.locator('#toast').textContent()).toBe('')
    expect(await stash.read('on-call')).toBe('alice')
    await page.unroute(CHANGES)
    await page.getByRole('button', { name: 'Try again now' }).click()
    await page.clock.resume()
    await page.locator('#toast', { hasText: 'counted once' }).waitFor()
    expect((await master.history('limit=1'))[0]).toMatchObject({ changes: [{ key: 'on-call', after: 'bob' }] })
  })

  it('to what the details are read by is said, tried again, and never shown as who and why of the new value', async () => {
    const { stash, master } = await stashOnCall()
    const { page, row } = await open(stash)
    await page.route('**/history?**', signIn)
    const mallory = await master.grant({ label: 'mallory', can: ['write'] })
    await mallory.set('on-call', 'mallory', 'reason=takeover')
    await row('on-call').locator('.now', { hasText: 'mallory' }).waitFor()
    // A read that was under way before may still say truly that it was mallory.
    expect(await row('on-call').locator('.meta').textContent()).not.toMatch(/master|week 48/)
    await page.locator('#trouble', { hasText: 'details are behind' }).waitFor()
    await page.unroute('**/history?**')
    await row('on-call').locator('.meta', { hasText: 'mallory' }).waitFor()
    await page.locator('#trouble').waitFor({ state: 'hidden' })
    await master.call('PUT', '/freeze', { reason: 'launch' })
    await page.locator('#frozen', { hasText: 'launch' }).waitFor()
  })

  it.each<[string, (socket: WebSocketRoute) => unknown]>([
    ['a sign-in page', (socket) => socket.send(SIGN_IN.body)],
    ['JSON that says nothing', (socket) => socket.send('{}')],
    ['an end', (socket) => socket.close()],
  ])('to the watch is none: it is never called live: %s', async (_, answer) => {
    const { stash } = await stashOnCall()
    const { page } = await open(stash)
    let asked = 0
    await page.routeWebSocket(/\/watch/, (socket) => {
      asked++
      return answer(socket)
    })
    await page.evaluate(WATCH_WORDS)
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await expect.poll(() => asked).toBeGreaterThan(3)
    expect(await page.evaluate('globalThis.words')).toContain('Not live')
    expect(await page.evaluate('globalThis.words')).not.toContain('Live')
  })

  it('to the watch does not hide that the stash was deleted meanwhile', async () => {
    const { stash, master } = await stashOnCall()
    const { page, row } = await open(stash)
    await page.routeWebSocket(/\/watch/, (socket) => socket.close())
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await master.call('DELETE', '')
    await page.getByText('The stash was deleted. What you see is how things stood before.').waitFor()
    expect(await row('on-call').locator('.now').textContent()).toContain('alice')
  })

  it('to the watch is none if it is silent: it is given up, and never called live', async () => {
    const { stash } = await stashOnCall()
    const { page } = await open(stash)
    let asked = 0
    await page.routeWebSocket(/\/watch/, () => void asked++)
    await page.clock.install()
    await page.evaluate(WATCH_WORDS)
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await page.locator('#app .stale').waitFor()
    for (const again of [1, 2]) {
      await page.clock.runFor(31_000)
      await expect.poll(() => asked).toBeGreaterThanOrEqual(again)
    }
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
    const { stash: other } = await stashOnCall()
    const { stash } = await stashOnCall()
    await stash.put('on-call', 'bob')
    await other.put('on-call', 'carol')
    const { page, sheet } = await open(stash)
    await page.evaluate(`sessionStorage.setItem('switchyard:token:${other.id}', '${other.token}')`)
    const written: string[] = []
    page.on('request', (request) => {
      const isQuestion = request.url().includes('dry_run=1') && !request.url().includes(other.id)
      if (request.method() !== 'GET' && !isQuestion) written.push(request.url())
    })
    await toView(page, 'History')
    await page.getByRole('button', { name: 'Undo revision 2' }).click()
    await sheet.waitFor()
    await page.evaluate(`location.hash = '${other.id}'`)
    await sheet.waitFor({ state: 'detached' })
    expect(written).toEqual([])
  })

  it('the address, while a change is on its way: it is repeated nowhere, and said not to be known', async () => {
    const { stash: other } = await stashOnCall()
    const { stash } = await stashOnCall()
    const { page, reach, sheet } = await open(stash)
    await page.evaluate(`sessionStorage.setItem('switchyard:token:${other.id}', '${other.token}')`)
    await page.route(CHANGES, (route) => route.abort('connectionreset'))
    await reach('on-call')
    await page.getByLabel('New value').fill('dave')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await sheet.getByText('Not known yet').waitFor()
    await page.unroute(CHANGES)
    await page.evaluate(`location.hash = '${other.id}'`)
    await page.locator('#toast', { hasText: 'not known whether the change of drill was made (on-call)' }).waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    expect([await stash.read('on-call'), await other.read('on-call')]).toEqual(['alice', 'alice'])
  })

  it('the token, after a first try that counted: it stays, and says that this is not known', async () => {
    const { stash, master } = await stashOnCall()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    const { page, reach, sheet } = await open({ id: stash.id, token: bob.token })
    const list = (await master.call('GET', '/tokens')).body['tokens'] as { token_id: string; label: string }[]
    let tries = 0
    await page.route(CHANGES, async (route) => {
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
    const { stash, master } = await stashOnCall()
    const { page, reach, sheet } = await open(stash)
    await page.routeWebSocket(/\/watch/, (socket) => socket.close())
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await page.locator('#app .stale').waitFor()
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

  it('everything, told by a second snapshot: its versions are the new ones, and who changed what and back', async () => {
    const { stash, master } = await stashOnCall()
    await master.set('lamp', 'on', 'reason=first')
    for (let i = 0; i < 60; i++) await master.set('busy', String(i))
    const { page, row, reach } = await open(stash)
    await row('lamp').locator('.why', { hasText: 'first' }).waitFor()
    let isCut = true
    // One handler for both: between two of them the page may come back by itself, and resume.
    await page.routeWebSocket(/\/watch/, (socket) => (isCut ? socket.close() : passFromTheStart(socket)))
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await page.locator('#app .stale').waitFor()
    await master.set('lamp', 'off', 'reason=second')
    await master.set('lamp', 'on', 'reason=third')
    for (let i = 0; i < 60; i++) await master.set('busy', String(i))
    await master.set('on-call', 'erin')
    isCut = false
    await page.evaluate(`dispatchEvent(new Event('online'))`)
    await row('on-call').locator('.now', { hasText: 'erin' }).waitFor()
    await row('lamp').locator('.why', { hasText: 'third' }).waitFor()
    await row('on-call').locator('.who').waitFor()
    await reach('on-call')
    await page.getByLabel('New value').fill('frank')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'frank' }).waitFor()
    expect(await stash.read('on-call')).toBe('frank')
  })
})

/** Passes a socket on as one that does not resume. */
function passFromTheStart(socket: WebSocketRoute): void {
  const server = new WebSocket(socket.url().replace(/after=\d+/, ''))
  server.addEventListener('message', ({ data }) => socket.send(String(data)))
  // Only pings: whoever joins from the start is sent a snapshot without being asked.
  socket.onMessage((message) => server.readyState === WebSocket.OPEN && server.send(message))
  socket.onClose(() => server.close())
}

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
  it('is marked: in a row, in the dialog, on its button, and in what waits', async () => {
    const { stash, master } = await stashOnCall()
    await master.call('PATCH', '/flags', Object.fromEntries(SPOOFS.map(([value], i) => [`s${i}`, value])))
    const { page, row, reach, sheet } = await open(stash)
    const shown = await Promise.all(SPOOFS.map((_, i) => row(`s${i}`).locator('.now').textContent()))
    expect(shown).toEqual(SPOOFS.map(([, marked]) => marked))
    await row('s1').getByRole('img', { name: 'line end' }).waitFor()
    await reach('s0')
    expect(await sheet.locator('.from').textContent()).toBe('Now \\u{202e}neerg')
    await page.getByRole('button', { name: /^Set to .*\\u\{202e\}neerg/ }).waitFor()
  })

  it('is not the master token: that one is marked, whatever a label says; nor what waits beside an old value', async () => {
    const { stash, master } = await stashOnCall()
    const other = await master.grant({ label: 'master of none', can: ['write'] })
    await master.call('PUT', '/guards/on-call', { type: 'text', approvals: 1 })
    await other.set('on-call', '\u202eneerg', 'reason=so\u202e')
    const { page } = await open(stash)
    await toView(page, 'Pending')
    const what = page.locator('#held .what')
    await what.getByText('alice').waitFor()
    expect(await what.textContent()).toContain('\\u{202e}neerg')
    await master.call('DELETE', '/guards/on-call')
    await master.set('on-call', 'bob')
    await what.getByText('bob').waitFor()
    await toView(page, 'Access')
    const marked = page.locator('#tokens .item', { hasText: 'Master token' })
    await marked.waitFor()
    expect(await marked.count()).toBe(1)
  })
})
