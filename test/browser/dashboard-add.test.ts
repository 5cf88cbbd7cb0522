/** Switches that have a type from their first revision. */
import type { BrowserContextOptions, Page, Route } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { furnish, guardOf, nameField, now, openAdd, press, sheet, toast } from '../support/dashboard-switch.ts'
import { ownPages } from '../support/own-pages.ts'

const { openStash } = ownPages()
const open = (spec: { id: string; token?: string }, place = '', options: BrowserContextOptions = {}): Promise<Page> =>
  openStash(spec, place, { viewport: { width: 390, height: 844 }, ...options })

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
