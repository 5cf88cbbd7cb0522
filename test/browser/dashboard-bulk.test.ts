/** Several switches that change in one press, as one revision. */
import { describe, expect, it } from 'vitest'
import { as, dialog, furnish, toast } from '../support/dashboard-views.ts'
import { ownPages } from '../support/own-pages.ts'

const { openStash: open } = ownPages()

describe('several switches', () => {
  it('of different types have a control each, change in one revision, and may have hostile names', async () => {
    const { stash, master, dana } = await furnish()
    await master.call('PATCH', '/flags', '{"__proto__":"1","toString":"1"}')
    const page = await open(as(stash, dana), '')
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    for (const key of ['__proto__', 'toString', 'maintenance-mode'])
      await page.getByLabel(`Select ${key}`, { exact: true }).check()
    await page.getByRole('button', { name: 'Change together…' }).click()
    await page.getByLabel('New value of __proto__').fill('2')
    await page.getByLabel('New value of toString').fill('3')
    await dialog(page).locator('.preview', { hasText: '__proto__' }).waitFor()
    const before = (await master.history('limit=1'))[0]?.revision ?? 0
    await page.getByRole('button', { name: 'Set 2 switches' }).click()
    await toast(page, 'Changed 2 switches')
    const [entry] = await master.history('limit=1')
    expect(entry?.revision).toBe(before + 1)
    expect(entry?.changes.map(({ key, after }) => [key, after]).sort()).toEqual([
      ['__proto__', '2'],
      ['toString', '3'],
    ])
  })

  it('begin with the shortest time that a rule allows, and say when one has just changed', async () => {
    const { stash, master, dana } = await furnish()
    await master.call('PATCH', '/flags', { 'mail.maintenance-mode': 'false' })
    for (const [key, longest] of [
      ['maintenance-mode', '2h'],
      ['mail.maintenance-mode', '20m'],
    ])
      await master.call('PUT', `/guards/${key}`, { type: 'boolean', safe_value: 'false', max_for: longest })
    const page = await open(as(stash, dana), '')
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    for (const key of ['maintenance-mode', 'mail.maintenance-mode'])
      await page.getByLabel(`Select ${key}`, { exact: true }).check()
    await page.getByRole('button', { name: 'Change together…' }).click()
    await dialog(page).getByText('true', { exact: true }).click()
    await page.getByRole('button', { name: 'Set 2 switches for 15 min' }).waitFor()
    await master.set('maintenance-mode', 'true', 'for=1h')
    await dialog(page).getByText('It has just changed').waitFor()
    await dialog(page)
      .locator('.preview li', { hasText: /^maintenance-mode.*true.*true/ })
      .waitFor()
    await page.getByRole('button', { name: 'Set 2 switches for 15 min' }).click()
    await toast(page, /^Changed 2 switches until/)
    expect(await stash.read('mail.maintenance-mode')).toBe('true')
  })

  it('of different types leave alone what another person changes meanwhile', async () => {
    const { stash, master, dana } = await furnish()
    await master.call('PUT', '/guards/maintenance-mode', { type: 'boolean' })
    const page = await open(as(stash, dana), '')
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    for (const key of ['maintenance-mode', 'on-call']) await page.getByLabel(`Select ${key}`, { exact: true }).check()
    await page.getByRole('button', { name: 'Change together…' }).click()
    await dialog(page).getByText('true', { exact: true }).click()
    await page.getByRole('button', { name: 'Set 1 switch' }).waitFor()
    await master.set('on-call', 'erin')
    await dialog(page).getByText('It has just changed').waitFor()
    await page.getByRole('button', { name: 'Set 1 switch' }).click()
    await toast(page, /^Changed 1 switch/)
    expect(await stash.read('on-call')).toBe('erin')
  })

  it('can be selected only with a token that may change them, and only while it is valid', async () => {
    const { stash, master } = await furnish()
    const mail = await master.grant({ label: 'Mail', can: ['write'], keys: ['mail.*', 'on-call'] })
    const page = await open(as(stash, mail), '')
    await page.getByText('You are \u2068Mail').waitFor()
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    expect(await page.locator('.row input[type=checkbox]').count()).toBe(2)
    await page.getByLabel('Select on-call', { exact: true }).check()
    const tokens = (await master.call('GET', '/tokens')).body['tokens'] as { token_id: string; label: string }[]
    await master.call('DELETE', `/tokens/${tokens.find(({ label }) => label === 'Mail')?.token_id}`)
    await page.getByText('read-only now').waitFor()
    await expect.poll(() => page.getByRole('button', { name: 'Change together…' }).count()).toBe(0)
    expect(await page.locator('.row input[type=checkbox]').count()).toBe(0)
  })
})
