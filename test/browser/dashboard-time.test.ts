/** The dashboard beside answers that are late or old, and a clock that is wrong. */
import type { WebSocketRoute } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { CHANGES } from '../support/dashboard.ts'
import { ownDashboards, stashOnCall } from '../support/own-dashboards.ts'
import { url } from '../support/service.ts'

const { openKnown: open } = ownDashboards()

const SIGN_IN = { status: 200, contentType: 'text/html', body: '<html>Please sign in to the network</html>' }

describe('an answer that is late, old or of another time', () => {
  it('the first read, after the watch: its older values replace nothing', async () => {
    const { stash, master } = await stashOnCall()
    const old = await (await fetch(`${url}/api/stash/${stash.id}/flags?meta=1`)).text()
    await master.set('on-call', 'bob')
    const { page, row } = await open(stash)
    let isFirst = true
    let isSent = false
    await page.route('**/flags?meta=1', async (route) => {
      if (!isFirst) return route.continue()
      isFirst = false
      await page.getByText('Live', { exact: true }).waitFor()
      await route.fulfill({ contentType: 'application/json', body: old })
      isSent = true
    })
    await page.reload()
    await row('on-call').locator('.now', { hasText: 'bob' }).waitFor()
    await expect.poll(() => isSent).toBe(true)
    // By then it has been read, and drawn.
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
    expect(await row('on-call').locator('.now').textContent()).toBe('bob')
  })

  it('a snapshot of an earlier revision: the service was recovered, and nothing newer is waited for', async () => {
    const { stash, master } = await stashOnCall()
    for (let i = 0; i < 5; i++) await master.set('busy', String(i))
    const { page, row, reach } = await open(stash)
    let socket: WebSocketRoute | undefined
    await page.routeWebSocket(/\/watch/, (route) => {
      socket = route
      route.connectToServer()
    })
    await page.clock.install()
    await page.reload()
    await row('on-call').locator('.who').waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    socket?.send(JSON.stringify({ type: 'snapshot', revision: 2, flags: { 'on-call': 'alice' } }))
    await page.getByText('Revision 2', { exact: true }).waitFor()
    await page.route(CHANGES, (route) => {
      // The version is read by the same address.
      if (route.request().method() === 'GET') return route.continue()
      return route.fulfill({
        contentType: 'application/json',
        body: JSON.stringify({ revision: 3, version: 3, changed: ['on-call'] }),
      })
    })
    await reach('on-call')
    await page.getByLabel('New value').fill('bob')
    await page.getByRole('button', { name: /^Set to/ }).click()
    await page.locator('#toast', { hasText: 'bob' }).waitFor()
    socket?.send(JSON.stringify({ type: 'change', revision: 3, changes: { 'on-call': 'bob' } }))
    await page.getByText('Revision 3', { exact: true }).waitFor()
    await page.clock.fastForward(2_500)
    expect(await page.locator('#link-text').textContent()).toBe('Live')
  })

  it('a 404 of something in between: the stash is not called deleted, and is found again', async () => {
    const { stash } = await stashOnCall()
    const { page } = await open(stash)
    await page.route('**/api/**', (route) => route.fulfill({ ...SIGN_IN, status: 404 }))
    let tries = 0
    await page.routeWebSocket(/\/watch/, (socket) => {
      tries++
      return socket.close()
    })
    await page.evaluate(`dispatchEvent(new Event('offline'))`)
    await page.locator('#trouble', { hasText: 'No connection' }).waitFor()
    await expect.poll(() => tries).toBeGreaterThan(2)
    expect(await page.locator('#link-text').textContent()).toBe('Not live')
    await page.unrouteAll()
    await page.routeWebSocket(/\/watch/, (socket) => void socket.connectToServer())
    await page.evaluate(`dispatchEvent(new Event('online'))`)
    await page.getByText('Live', { exact: true }).waitFor()
  })

  it.each([
    ['ahead', 600_000],
    ['behind', -600_000],
  ])('the clock of the device, ten minutes %s: a time-box ends by the clock of the service', async (_, wrongMs) => {
    const { stash, master } = await stashOnCall()
    await master.set('on-call', 'bob', 'for=5m')
    const { page, row } = await open(stash)
    // As it comes from the edge. The service on this machine sends no `Date`.
    await page.route('**/flags?meta=1', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, headers: { ...response.headers(), Date: new Date().toUTCString() } })
    })
    await page.clock.install({ time: Date.now() + wrongMs })
    await page.reload()
    await row('on-call')
      .getByText(/in 4 min/)
      .waitFor()
    expect(await row('on-call').locator('.now').textContent()).toBe('bob')
  })
})
