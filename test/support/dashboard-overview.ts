/** Stashes for the tests of the page of all stashes. */
import type { Page } from 'playwright-core'
import { operatorOf } from './operator.ts'
import { newStash, send } from './service.ts'
import type { Stash } from './stash.ts'

/** A stash with a switch that can be unsafe, one that needs approval, and one of another service. */
export async function furnish(name: string) {
  const stash = await newStash({ name })
  const master = operatorOf(send, stash, stash.token)
  await master.call('PATCH', '/flags', {
    'checkout.maintenance-mode': 'false',
    'checkout.target': 'blue',
    'payments.on-call': 'alice@shop.example',
  })
  await master.call('PUT', '/guards/checkout.maintenance-mode', { type: 'boolean', safe_value: 'false', max_for: '2h' })
  await master.call('PUT', '/guards/checkout.target', { type: 'choice', choices: ['blue', 'green'], approvals: 1 })
  return { stash, master }
}

export const toNames = (...stashes: Stash[]): string => stashes.map(({ id }) => id).join(',')
export const isLive = (page: Page) => page.locator('#link', { hasText: /^Live$/ }).waitFor()

export const panelOf = (page: Page, { id }: Stash) => page.locator(`.panel[data-stash="${id}"]`)
