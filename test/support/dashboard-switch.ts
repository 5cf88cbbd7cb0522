/** A stash for the tests of one switch, and where things stand in its page and its dialogs. */
import type { Page } from 'playwright-core'
import { operatorOf } from './operator.ts'
import { newStash, send } from './service.ts'

export async function furnish(flags: Record<string, string> = { 'checkout.maintenance-mode': 'false' }) {
  const stash = await newStash({ name: 'shop' })
  const master = operatorOf(send, stash, stash.token)
  await master.call('PATCH', '/flags', flags)
  return { stash, master }
}

export const guardOf = async ({ call }: ReturnType<typeof operatorOf>, key: string) => {
  const { key: _, version: __, ...guard } = (await call('GET', `/guards/${key}`)).body
  return guard
}

export const sheet = (page: Page) => page.locator('dialog.sheet')
export const openAdd = (page: Page) => page.getByRole('button', { name: 'Add a switch…' }).click()
export const nameField = (page: Page) => sheet(page).getByLabel('Name', { exact: true })
export const press = (page: Page, name: string | RegExp) =>
  sheet(page)
    .getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) })
    .click()
export const toast = (page: Page, hasText: string | RegExp) => page.locator('#toast', { hasText }).waitFor()
export const now = (page: Page, hasText: string | RegExp) => page.locator('.switch-page .now', { hasText }).waitFor()
