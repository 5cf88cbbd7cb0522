/** The dashboard as a page: what stands in it is text, its policy holds, everybody can use it, and it is small. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { examine } from '../support/axe.ts'
import { listen, toView } from '../support/dashboard.ts'
import { operatorOf } from '../support/operator.ts'
import { ownDashboards } from '../support/own-dashboards.ts'
import { newStash, send, url } from '../support/service.ts'

const { open, browser } = ownDashboards()

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

const VIEWS = ['Switches', 'Pending', 'History', 'Access'] as const

const CONTROLS = 'button:visible, input:visible, select:visible, nav a:visible, header a:visible'

/** A narrow page is touched, with fingers; the rows of a wide one are dense, for a mouse. */
const leastControl = (width: number): number => (width < 600 ? 44 : 24)

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
    await page.locator('.row .until:visible').waitFor()
    for (const view of VIEWS) {
      await toView(page, view)
      expect(await examine(page), view).toEqual([])
    }
    await page.getByRole('button', { name: 'New token…' }).click()
    expect(await examine(page), 'token').toEqual([])
    await page.getByRole('button', { name: 'Cancel' }).click()
    await toView(page, 'Switches')
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
    await page.getByRole('button', { name: 'Open', exact: true }).waitFor()
    expect(await examine(page), 'connect').toEqual([])
  })

  it('never scrolls sideways, and gives every control the room of a finger, or of a mouse', async () => {
    const { stash, master } = await furnish()
    await master.set('a', 'no-blank-to-break-at-'.repeat(40))
    const { page } = await open(stash, { viewport: { width, height: 800 }, colorScheme, hasTouch: width < 600 })
    await page.locator('.row .until:visible').waitFor()
    for (const view of VIEWS) {
      await toView(page, view)
      const sideways = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      expect(sideways, view).toBeLessThanOrEqual(0)
      const sizes = await page.locator(CONTROLS).evaluateAll((all) =>
        all.map((one) => {
          // A label around it takes the press as well.
          const { width, height } = (one.closest('label') ?? one).getBoundingClientRect()
          return { width, height, html: one.outerHTML.slice(0, 120) }
        }),
      )
      expect(sizes.length, view).toBeGreaterThan(4)
      const least = leastControl(width)
      expect(
        sizes.filter((size) => size.width < least || size.height < least),
        view,
      ).toEqual([])
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
  it('are text: in a row, in history, in a sheet, and all 64 KiB of them', async () => {
    const stash = await newStash({ name: '<b>shop</b> \u202E' })
    const master = operatorOf(send, stash, stash.token)
    const big = `${'🎉'.repeat(16_383)}end!`
    const patch = Object.entries({ ...HOSTILE, big }).map(
      ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
    )
    await master.call('PATCH', '/flags', `{${patch.join()},"__proto__":"legal"}`)
    const evil = await master.grant({ label: '<i>bob</i>', can: ['write'] })
    await evil.set('script', `${HOSTILE.script}!`, 'reason=%3Cscript%3Ealert(1)%3C/script%3E')
    const { page, row } = await open(stash)
    await row('script').locator('.who').waitFor()

    expect(await row('script').locator('.now').textContent()).toBe(`${HOSTILE.script}!`)
    expect(await row('image').locator('.now').textContent()).toBe(HOSTILE.image)
    expect(await row('rtl').locator('.now').textContent()).toBe('مرحبا \\u{202e}evil\\u{202d}')
    expect(await row('emoji').locator('.now').textContent()).toBe(HOSTILE.emoji)
    expect(await row('lines').locator('.now').textContent()).toBe('one⏎\n⇥two⏎\n⏎')
    expect(await row('__proto__').locator('.now').textContent()).toBe('legal')
    expect(await row('script').locator('.who').textContent()).toBe('<i>bob</i>')
    expect(await page.locator('#name').textContent()).toBe('<b>shop</b> \\u{202e}')
    expect(await page.locator('#main script, #main img, #main i, #main b').count()).toBe(0)
    // Nothing in a value turns what stands beside it.
    expect(await row('rtl').locator('.value').evaluate(STYLE_OF_DIRECTION)).toBe('isolate')

    const shown = (await row('big').locator('.value').textContent()) ?? ''
    expect(shown.length).toBeLessThan(200)
    expect(shown.isWellFormed()).toBe(true)
    await row('big').getByRole('link').click()
    await page.getByRole('button', { name: 'Show all 32,770 characters' }).first().click()
    expect(await page.locator('.whole').textContent()).toBe(big)
    await page.getByRole('button', { name: 'Close' }).click()
    await toView(page, 'History')
    await page.locator('.entry', { hasText: 'alert(1)' }).waitFor()
    expect(await page.title()).toContain('<b>shop</b>')
  })
})

describe('its policy', () => {
  it('is in force: neither a script in the page nor markup from a text would run', async () => {
    const page = await browser().newPage()
    const complaints = listen(page)
    await page.goto(url)
    await page.getByRole('button', { name: 'Open', exact: true }).waitFor()
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
  it('is under 48 KB until switches show, compressed as on the way to a phone, and under 75 KB with all it can do', async () => {
    const stash = await newStash({ name: 'shop' })
    const { page } = await open(stash)
    const first = [...(await (await fetch(url)).text()).matchAll(/"(\/dashboard\/[^"]+)"/g)].map(
      ([, path]) => url + path,
    )
    const asked = async () =>
      (await page.evaluate(`performance.getEntriesByType('resource').map(({ name }) => name)`)) as string[]
    const isFile = (name: string): boolean => name.startsWith(`${url}/dashboard/`)
    // Two modules and the styles, then the module of what is pressed.
    await expect.poll(async () => (await asked()).filter(isFile).length).toBe(4)
    const rest = (await asked()).filter((name) => isFile(name) && !first.includes(name))
    expect([first.length, rest.length]).toEqual([3, 1])
    // Of this host, and no other.
    expect((await asked()).filter((name) => !name.startsWith(url) && !name.startsWith('data:'))).toEqual([])
    const firstBytes = await sizeOf([`${url}/`, ...first])
    expect(firstBytes).toBeLessThan(48 * 1024)
    expect(firstBytes + (await sizeOf(rest))).toBeLessThan(75 * 1024)
  })
})

async function sizeOf(files: string[]): Promise<number> {
  const bodies = await Promise.all(files.map(async (file) => (await fetch(file)).arrayBuffer()))
  return bodies.reduce((sum, body) => sum + gzipSync(Buffer.from(body)).byteLength, 0)
}
