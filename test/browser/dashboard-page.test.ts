/** The dashboard as a page: what stands in it is text, its policy holds, everybody can use it, and it is small. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { listen } from '../support/dashboard.ts'
import { operatorOf } from '../support/operator.ts'
import { ownDashboards } from '../support/own-dashboards.ts'
import { newStash, send, url } from '../support/service.ts'

const { open, browser } = ownDashboards()

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

/** Switches of every kind, one away from its safe value, changes that wait, and a night's history. */
async function furnish() {
  const stash = await newStash({ name: 'shop' })
  const master = operatorOf(send, stash, stash.token)
  await master.call('PATCH', '/flags', {
    lamp: 'false',
    target: 'blue',
    share: '10',
    limit: '7',
    note: 'hello',
    a: '1',
    b: '2',
  })
  await master.call('PUT', '/guards/lamp', {
    type: 'boolean',
    safe_value: 'false',
    reason_required: true,
    max_for: '45m',
  })
  await master.call('PUT', '/guards/target', { type: 'choice', choices: ['blue', 'green'], approvals: 1 })
  await master.call('PUT', '/guards/share', { type: 'percentage' })
  await master.call('PUT', '/guards/limit', { type: 'number', min: 1, max: 9, integer: true })
  const bob = await master.grant({ label: 'bob', can: ['write'] })
  await bob.set('target', 'green', 'reason=slow')
  await bob.set('lamp', 'true', 'reason=drill&for=30m')
  return { stash, master }
}

/** Where there is room, what waits and what happened stand beside the switches. */
const viewsAt = (width: number): string[] =>
  width > 1_000 ? ['Switches', 'Access'] : ['Switches', 'Waiting', 'History', 'Access']

describe.each([
  ['light', 360],
  ['light', 1280],
  ['dark', 360],
  ['dark', 1280],
] as const)('%s, %d px wide', (colorScheme, width) => {
  it('gives axe nothing to complain of, in any view, in a sheet, offline, frozen or before it is connected', async () => {
    const { stash, master } = await furnish()
    const options = { viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' as const }
    const { page, sheet, reach } = await open(stash, options)
    await page.locator('.card .until:visible').waitFor()
    for (const view of viewsAt(width)) {
      await page.getByRole('navigation').getByRole('button', { name: view }).click()
      expect(await examine(page), view).toEqual([])
    }
    await page.getByRole('button', { name: 'New token…' }).click()
    expect(await examine(page), 'token').toEqual([])
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('navigation').getByRole('button', { name: 'Switches' }).click()
    await master.call('PUT', '/freeze', { reason: 'drill' })
    await page.locator('#frozen').waitFor()
    for (const key of ['lamp', 'target', 'share', 'note']) {
      await reach(key)
      expect(await examine(page), key).toEqual([])
      await page.getByRole('button', { name: 'Cancel' }).click()
      await sheet.waitFor({ state: 'detached' })
    }
    await page.context().setOffline(true)
    await page.locator('#trouble').waitFor()
    expect(await examine(page), 'offline').toEqual([])
    await page.context().setOffline(false)
    await page.goto(`${url}/dashboard/index.html`)
    await page.getByRole('button', { name: 'Connect' }).waitFor()
    expect(await examine(page), 'connect').toEqual([])
  })

  it('never scrolls sideways, and gives every control 44 px', async () => {
    const { stash, master } = await furnish()
    await master.set('a', 'no-blank-to-break-at-'.repeat(40))
    const { page } = await open(stash, { viewport: { width, height: 800 }, colorScheme })
    await page.locator('.card .until:visible').waitFor()
    for (const view of viewsAt(width)) {
      await page.getByRole('navigation').getByRole('button', { name: view }).click()
      const sideways = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      expect(sideways, view).toBeLessThanOrEqual(0)
      const sizes = await page.locator('button:visible, input:visible, select:visible').evaluateAll((all) =>
        all.map((one) => {
          const { width, height } = one.getBoundingClientRect()
          return { width, height, html: one.outerHTML.slice(0, 120) }
        }),
      )
      expect(sizes.length).toBeGreaterThan(4)
      expect(sizes.filter(({ width, height }) => width < 44 || height < 44)).toEqual([])
    }
  })
})

/** Written out: it runs in the page. */
const STYLE_OF_DIRECTION = `getComputedStyle(document.querySelector('[data-key="rtl"] .value')).unicodeBidi`

describe('hostile names and values', () => {
  const HOSTILE = {
    script: '<script>document.title = "owned"</script>',
    image: '<img src=x onerror="document.title = \'owned\'">',
    rtl: 'مرحبا \u202Eevil\u202D',
    emoji: '👩‍👩‍👧‍👦🏴‍☠️',
    lines: 'one\n\ttwo\n\n',
    constructor: 'toString',
    __proto__: 'x',
  }
  it('are text: in a card, in history, in a sheet, and all 64 KiB of them', async () => {
    const stash = await newStash({ name: '<b>shop</b> \u202E' })
    const master = operatorOf(send, stash, stash.token)
    const big = `${'🎉'.repeat(16_383)}end!`
    const patch = Object.entries({ ...HOSTILE, big }).map(
      ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
    )
    await master.call('PATCH', '/flags', `{${patch.join()},"__proto__":"legal"}`)
    const evil = await master.grant({ label: '<i>bob</i>', can: ['write'] })
    await evil.set('script', `${HOSTILE.script}!`, 'reason=%3Cscript%3Ealert(1)%3C/script%3E')
    const { page, card } = await open(stash)
    await card('script').locator('.who').waitFor()

    expect(await card('script').locator('.now').textContent()).toBe(`${HOSTILE.script}!`)
    expect(await card('image').locator('.now').textContent()).toBe(HOSTILE.image)
    expect(await card('rtl').locator('.now').textContent()).toBe('مرحبا \\u{202e}evil\\u{202d}')
    expect(await card('emoji').locator('.now').textContent()).toBe(HOSTILE.emoji)
    expect(await card('lines').locator('.now').textContent()).toBe('one⏎\n⇥two⏎\n⏎')
    expect(await card('__proto__').locator('.now').textContent()).toBe('legal')
    expect(await card('script').locator('.who').textContent()).toBe('<i>bob</i>')
    expect(await page.locator('#name').textContent()).toBe('<b>shop</b> \\u{202e}')
    expect(await page.locator('#views script, #views img, #views i, #views b').count()).toBe(0)
    // Nothing in a value turns what stands beside it.
    expect(await card('rtl').locator('.value').evaluate(STYLE_OF_DIRECTION)).toBe('isolate')

    const shown = (await card('big').locator('.value').textContent()) ?? ''
    expect(shown.length).toBeLessThan(200)
    expect(shown.isWellFormed()).toBe(true)
    await card('big').getByRole('button', { name: 'Show all 32,770 characters' }).click()
    expect(await page.locator('.whole').textContent()).toBe(big)
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('navigation').getByRole('button', { name: 'History' }).click()
    await page.locator('.entry', { hasText: 'alert(1)' }).waitFor()
    expect(await page.title()).toContain('<b>shop</b>')
  })
})

describe('its policy', () => {
  it('is in force: neither a script in the page nor markup from a text would run', async () => {
    const page = await browser().newPage()
    const complaints = listen(page)
    await page.goto(url)
    await page.getByRole('button', { name: 'Connect' }).waitFor()
    expect(complaints).toEqual([])
    const tried = await page.evaluate(`(() => {
      const refused = []
      const attempt = (name, act) => { try { act() } catch { refused.push(name) } }
      attempt('innerHTML', () => (document.body.innerHTML = '<p>'))
      attempt('script', () => document.body.append(Object.assign(document.createElement('script'), { text: '1' })))
      return refused
    })()`)
    expect(tried).toEqual(['innerHTML', 'script'])
    await page.evaluate(`document.body.append(Object.assign(new Image(), { src: 'http://localhost:1/x.png' }))`)
    await expect.poll(() => complaints.join()).toContain('Content Security Policy')
    await page.close()
  })
})

describe('its size', () => {
  it('is under 44 KB, compressed as on the way to a phone: a page, a module and a style sheet', async () => {
    const stash = await newStash({ name: 'shop' })
    const { page } = await open(stash)
    const asked = (await page.evaluate(`performance.getEntriesByType('resource').map(({ name }) => name)`)) as string[]
    const files = [`${url}/`, ...asked.filter((name) => name.startsWith(`${url}/dashboard/`))]
    expect(files).toHaveLength(3)
    // Of this host, and no other.
    expect(asked.filter((name) => !name.startsWith(url) && !name.startsWith('data:'))).toEqual([])
    const sizes = await Promise.all(
      files.map(async (file) => gzipSync(Buffer.from(await (await fetch(file)).arrayBuffer())).byteLength),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(44 * 1024)
  })
})
