/** Every stash on one page, and the wall board. */
import type { BrowserContextOptions } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { examine } from '../support/axe.ts'
import { furnish, isLive, panelOf, toNames } from '../support/dashboard-overview.ts'
import { operatorOf } from '../support/operator.ts'
import { ownPages } from '../support/own-pages.ts'
import { newStash, send, url } from '../support/service.ts'
import type { Stash } from '../support/stash.ts'

const { openAt } = ownPages()

type Terms = {
  known?: { stash: Stash; name: string }[]
  tokens?: Record<string, string>
  options?: BrowserContextOptions
}

async function openPage(hash: string, { known = [], ...rest }: Terms = {}) {
  const page = await openAt('/', { ...rest, known: known.map(({ stash, name }) => ({ id: stash.id, name })) })
  const sockets: string[] = []
  const streams: string[] = []
  page.on('websocket', (socket) => sockets.push(socket.url()))
  page.on('request', (request) => /\/watch\b/.test(request.url()) && streams.push(request.url()))
  await page.goto(`${url}/${hash}`)
  return { page, panel: (stash: Stash) => panelOf(page, stash), sockets, streams }
}

describe('the wall board', () => {
  it('shows without a token what is not normal, since when and until when, and what changes', async () => {
    const [one, two] = [await furnish('shop'), await furnish('billing')]
    await one.master.set('checkout.maintenance-mode', 'true', 'for=45m&reason=drain')
    const { page, panel, sockets, streams } = await openPage(`#/all?s=${toNames(two.stash, one.stash)}&wall=1`)
    await isLive(page)
    const row = panel(one.stash).locator('.row')
    await row.locator('.until', { hasText: /back to .*false.* in 4\d min \((?:\w+ \d+ \w+ )?\d\d:\d\d\)/ }).waitFor()
    expect(await row.locator('.now').textContent()).toBe('true')
    await row.locator('.since', { hasText: /just now/ }).waitFor()
    await page.locator('.strip', { hasText: '1 not normal' }).waitFor()
    expect(await page.locator('.panel h2').allTextContents()).toEqual(['shop', 'billing'])

    await two.master.set('checkout.maintenance-mode', 'true', 'for=30m')
    await panel(two.stash).locator('.row', { hasText: 'checkout.maintenance-mode' }).waitFor()
    await page.locator('.strip', { hasText: '2 not normal' }).waitFor()
    await one.master.set('checkout.maintenance-mode', 'false')
    await two.master.set('checkout.maintenance-mode', 'false')
    await page.locator('.strip', { hasText: 'All normal' }).waitFor()
    expect(await page.locator('.overview :is(button, input, select)').count()).toBe(0)
    expect(sockets).toHaveLength(2)
    expect(streams).toEqual([])
  })

  it('says what it does not know: no connection, a stash that does not exist, a name that is none', async () => {
    const { stash, master } = await furnish('shop')
    const missing = 'f'.repeat(64)
    const { page, panel } = await openPage(`#/all?s=${stash.id},${missing},no-such-slug,..%2Fx&wall=1`)
    await panel(stash).locator('.service', { hasText: '✓' }).first().waitFor()
    await page.locator('.strip', { hasText: '1 of 4 stashes normal' }).waitFor()
    await page.locator('.strip', { hasText: '3 stashes cannot be read' }).waitFor()
    await page.locator('#link', { hasText: '3 of 4 not live' }).waitFor()
    expect(await page.getByText('There is no such stash').count()).toBe(2)
    await page.getByText('neither an id nor a slug').waitFor()

    await page.context().setOffline(true)
    await panel(stash)
      .getByText(/Not live since \d\d:\d\d \(\d+ s\)\. What you see is how things stood then\./)
      .waitFor()
    expect(await panel(stash).getAttribute('class')).toContain('stale')
    await page.locator('#link', { hasText: '4 of 4 not live' }).waitFor()
    await page.locator('.strip', { hasText: 'Nothing is known' }).waitFor()
    expect(await page.locator('.tick:visible').count()).toBe(0)
    await master.set('checkout.maintenance-mode', 'true', 'for=30m')
    await page.context().setOffline(false)
    await panel(stash).locator('.row', { hasText: 'true' }).waitFor()
    expect(await panel(stash).getAttribute('class')).not.toContain('stale')
  })
})

describe('the page of all stashes', () => {
  it('leads with one press to the switch, and flips it', async () => {
    const [one, two] = [await furnish('shop'), await furnish('billing')]
    await two.master.set('checkout.maintenance-mode', 'true', 'for=45m&reason=drain')
    const { page, panel } = await openPage('#/all', {
      known: [
        { stash: one.stash, name: 'shop' },
        { stash: two.stash, name: 'billing' },
      ],
      tokens: { [two.stash.id]: two.stash.token },
    })
    const row = panel(two.stash).locator('.row')
    await row.locator('.why', { hasText: 'drain' }).waitFor()
    await panel(one.stash).getByText('Read-only').waitFor()
    await panel(two.stash).getByText('Master token').waitFor()
    await row.getByRole('switch').click()
    const dialog = page.locator('dialog')
    await dialog.getByText('billing').waitFor()
    await dialog.getByRole('button', { name: /^Set to .*false/ }).click()
    await page.locator('.strip', { hasText: 'All normal' }).waitFor()
    expect(await two.stash.read('checkout.maintenance-mode')).toBe('false')
    // The switch that was pressed is gone from the page: the next key must not reach another stash.
    await expect.poll(() => page.evaluate(`document.activeElement.getAttribute('data-stash')`)).toBe(two.stash.id)
  })

  it('shows what needs me, and keeps the focus where it is while panels move', async () => {
    const [one, two] = [await furnish('shop'), await furnish('billing')]
    const bob = await two.master.grant({ label: 'bob', can: ['write'] })
    const known = [
      { stash: one.stash, name: 'shop' },
      { stash: two.stash, name: 'billing' },
    ]
    const { page, panel } = await openPage('#/all', { known, tokens: { [two.stash.id]: two.stash.token } })
    await page.locator('.strip', { hasText: 'All normal' }).waitFor()
    await panel(two.stash).getByRole('link', { name: 'billing' }).focus()
    await bob.set('checkout.target', 'green', 'reason=slow')
    await panel(two.stash).getByRole('link', { name: '1 pending change needs you' }).waitFor()
    expect(await page.locator('.panel h2').allTextContents()).toEqual(['billing', 'shop'])
    await page.getByRole('button', { name: '1 needs you' }).waitFor()
    expect(await page.evaluate('document.activeElement.textContent')).toBe('billing')
    await two.master.call('PUT', '/freeze', { reason: 'launch' })
    await panel(two.stash).getByText('Frozen until a person ends it: ⁨launch⁩').waitFor()
    await page.getByRole('button', { name: '1 stash frozen' }).waitFor()
    await one.master.set('checkout.maintenance-mode', 'true', 'for=30m')
    await page.getByRole('button', { name: '1 not normal' }).click()
    expect(new URL(page.url()).hash).toBe('#/all?show=alerts')
    expect(await page.locator('.panel h2').allTextContents()).toEqual(['shop'])
    await panel(one.stash).getByRole('link', { name: 'checkout.maintenance-mode' }).click()
    expect(new URL(page.url()).hash).toBe(`#/s/${one.stash.id}/f/checkout.maintenance-mode`)
  })

  it('finds by several words over all stashes, and Enter opens the first', async () => {
    const [one, two] = [await furnish('shop'), await furnish('billing')]
    await two.stash.put('payments.on-call', 'bob@shop.example')
    const known = [
      { stash: one.stash, name: 'shop' },
      { stash: two.stash, name: 'billing' },
    ]
    const { page } = await openPage('#/all', { known })
    await isLive(page)
    await page.keyboard.press('/')
    await page.keyboard.type('call example')
    await page.locator('.row').nth(1).waitFor()
    expect(await page.locator('.row').count()).toBe(2)
    expect(new URL(page.url()).hash).toBe('#/all?q=call+example')
    await page.getByLabel('Find a switch').fill('billing mode')
    await page.getByText('No switch matches in 1 other stash').waitFor()
    expect(await page.locator('.row').count()).toBe(1)
    await page.getByLabel('Find a switch').fill('bob example')
    await page.locator('.row', { hasText: 'bob@shop.example' }).waitFor()
    await page.keyboard.press('Enter')
    expect(new URL(page.url()).hash).toBe(`#/s/${two.stash.id}/f/payments.on-call`)
  })

  it('says of a stash that is deleted meanwhile that it was, and lets it go', async () => {
    const [one, two] = [await furnish('shop'), await furnish('billing')]
    await one.master.set('checkout.maintenance-mode', 'true', 'for=30m')
    const known = [
      { stash: one.stash, name: 'shop' },
      { stash: two.stash, name: 'billing' },
    ]
    const { page, panel } = await openPage('#/all', { known, tokens: { [one.stash.id]: one.stash.token } })
    await panel(one.stash).locator('.row').waitFor()
    await one.master.call('DELETE', '')
    await panel(one.stash)
      .getByText(/This stash was deleted/)
      .waitFor()
    await page.locator('.strip', { hasText: '1 stash was deleted' }).waitFor()
    await page.locator('#link', { hasText: '1 of 2 not live' }).waitFor()
    expect(await panel(one.stash).getByRole('switch').count()).toBe(0)
    await panel(one.stash).getByRole('button', { name: 'Remove from this page' }).click()
    await page.locator('.strip', { hasText: 'All normal' }).waitFor()
    expect(await page.locator('.panel').count()).toBe(1)
  })

  it('shows hostile names as text', async () => {
    const name = '<img src=x onerror=alert(1)>\u202egnp.exe'
    const stash = await newStash({ name })
    const master = operatorOf(send, stash, stash.token)
    for (const key of ['__proto__', 'constructor', 'a'.repeat(128)]) {
      expect((await master.set(key, 'true', 'for=30m')).status).toBe(200)
    }
    const hash = `#/all?s=${stash.id},%3Cscript%3E,__proto__,constructor`
    const { page, panel } = await openPage(hash, { options: { viewport: { width: 360, height: 700 } } })
    await panel(stash).locator('.row[data-key="__proto__"]').waitFor()
    await page.locator('.strip', { hasText: '3 not normal' }).waitFor()
    // The name may come after the values.
    await expect
      .poll(() => panel(stash).locator('h2').textContent())
      .toBe('<img src=x onerror=alert(1)>\\u{202e}gnp.exe')
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.locator('.panel').count()).toBe(4)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  })

  it('watches at most forty, and claims nothing of the others', async () => {
    const names = Array.from({ length: 42 }, (_, index) => `no-such-slug-${index}`)
    const { page } = await openPage(`#/all?s=${names.join(',')}`)
    await page.getByText('At most 40 stashes are watched here. 2 more are not shown.').waitFor()
    await page.locator('.strip', { hasText: '40 stashes cannot be read · 2 stashes are not watched here' }).waitFor()
    await page.locator('#link', { hasText: '42 of 42 not live' }).waitFor()
    expect(await page.locator('.panel').count()).toBe(40)
  })

  it('says that this browser knows no stash', async () => {
    const { page } = await openPage('#/all')
    await page.getByText('This browser knows no stash yet').waitFor()
    expect(await page.getByText('All normal').count()).toBe(0)
  })
})

describe.each([
  ['light', 360],
  ['light', 1280],
  ['dark', 360],
  ['dark', 1280],
] as const)('%s, %d px wide', (colorScheme, width) => {
  it('gives axe nothing to complain of, and does not scroll sideways', async () => {
    const [one, two] = [await furnish('shop'), await furnish('billing')]
    const bob = await one.master.grant({ label: 'bob', can: ['write'] })
    await bob.set('checkout.maintenance-mode', 'true', 'for=45m&reason=drain')
    await bob.set('checkout.target', 'green')
    await two.master.call('PUT', '/freeze', { reason: 'launch' })
    const { page, panel } = await openPage(`#/all?s=${toNames(one.stash, two.stash)},no-such-slug`, {
      tokens: { [one.stash.id]: one.stash.token },
      options: { viewport: { width, height: 800 }, colorScheme },
    })
    await panel(one.stash).getByText('needs you').waitFor()
    await panel(two.stash).getByText('Frozen').waitFor()
    expect(await examine(page)).toEqual([])
    await page.getByLabel('Find a switch').fill('checkout')
    await page.locator('.row').nth(3).waitFor()
    expect(await examine(page)).toEqual([])
    await page.context().setOffline(true)
    await panel(one.stash).getByText('Not live since').waitFor()
    expect(await examine(page)).toEqual([])
    const { page: wall, panel: wallPanel } = await openPage(`#/all?s=${toNames(one.stash, two.stash)}&wall=1`, {
      options: { viewport: { width, height: 800 }, colorScheme },
    })
    await wallPanel(two.stash).getByText('Frozen').waitFor()
    await wallPanel(one.stash).locator('.row').waitFor()
    expect(await examine(wall)).toEqual([])
    for (const one of [page, wall]) expect(await one.evaluate('document.documentElement.scrollWidth')).toBe(width)
  })
})

describe('a stash that another tab forgets', () => {
  it('is not brought back by this tab, which has it open', async () => {
    const [{ stash, master }, { stash: other, master: others }] = [await furnish('gone'), await furnish('kept')]
    const { page } = await openPage('#/all', {
      known: [
        { stash, name: 'gone' },
        { stash: other, name: 'kept' },
      ],
    })
    await page.locator('.panel').nth(1).waitFor()
    const second = await page.context().newPage()
    await second.goto(`${url}/#/`)
    await second.getByRole('button', { name: 'Forget gone' }).click()
    await expect.poll(() => page.locator('.panel').count()).toBe(1)
    await master.set('checkout.maintenance-mode', 'true', 'for=10m')
    await others.set('checkout.maintenance-mode', 'true', 'for=10m')
    await page.locator('.row.unsafe').waitFor()
    expect(await page.locator('.panel').count()).toBe(1)
    expect(await second.locator('.known-name').count()).toBe(1)
  })
})

describe('tokens of two stashes that end', () => {
  it('are both named', async () => {
    const both = [await furnish('first'), await furnish('second')]
    const bobs = await Promise.all(both.map(({ master }) => master.grant({ label: 'bob', can: ['write'] })))
    const { page } = await openPage('#/all', {
      known: both.map(({ stash }, i) => ({ stash, name: `${i}` })),
      tokens: Object.fromEntries(both.map(({ stash }, i) => [stash.id, bobs[i]?.token ?? ''])),
    })
    await page.getByText('You are').nth(1).waitFor()
    for (const { master } of both) {
      const tokens = (await master.call('GET', '/tokens')).body['tokens'] as { token_id: string; label: string }[]
      await master.call('DELETE', `/tokens/${tokens.find(({ label }) => label === 'bob')?.token_id}`)
    }
    const warning = page.locator('#warning')
    await expect.poll(() => warning.textContent()).toMatch(/second is read-only now/)
    expect(await warning.textContent()).toMatch(/first is read-only now/)
  })
})
