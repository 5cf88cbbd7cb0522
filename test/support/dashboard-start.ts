/** How a person uses the first pages of the dashboard, and whether they are usable. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { examine } from './axe.ts'

export const fillForm = async (page: Page, name: string, services = ''): Promise<void> => {
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Your name').fill('Dana')
  if (services !== '') await page.getByLabel('Services').fill(services)
}
export const create = (page: Page): Promise<void> => page.getByRole('button', { name: 'Create stash' }).click()
export const secret = (page: Page): Promise<string | null> => page.locator('.secret').textContent()
export const openSwitches = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Open the switches' }).click()
export const stored = (page: Page): Promise<string> =>
  page.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])') as Promise<string>
export const slugOf = (page: Page): string => /#\/s\/([^/?]+)/.exec(page.url())?.[1] ?? ''

const SMALL = `[...document.querySelectorAll('main a, main button, main input:not([type=checkbox]), main summary, main textarea')]
  .filter((one) => one.getBoundingClientRect().height > 0 && one.getBoundingClientRect().height < 43.9).map((one) => one.outerHTML)`

export async function expectUsable(page: Page, where: string): Promise<void> {
  expect(await examine(page), where).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), where).toBeLessThanOrEqual(0)
  expect(await page.evaluate(SMALL), where).toEqual([])
}
